package scrape

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"monitoring/storage"
)

func TestServerInfo(t *testing.T) {
	t.Parallel()
	folder := `a "b" \ c`
	odd := server(2)
	odd.Name, odd.Folder = "Москва\n1", &folder
	want := "# TYPE panel_server_info gauge\n" +
		`panel_server_info{server="1",instance="10.0.0.1:9100",name="node 1",folder=""} 1` + "\n" +
		`panel_server_info{server="2",instance="10.0.0.2:9100",name="Москва\n1",folder="a \"b\" \\ c"} 1` + "\n"
	if got := string(serverInfo([]storage.Server{odd, server(1)})); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestRenameEndsTheOldInfo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, fleet, st := testScraper(t)
		fleet.put(server(1), agentFunc(good))
		start(t, s)
		time.Sleep(30 * time.Second)
		info := func(name string) []storage.Point {
			return st.series(fmt.Sprintf(`panel_server_info{server="1",instance="10.0.0.1:9100",name=%q,folder=""}`, name))
		}
		if rows := info("node 1"); len(rows) < 3 || rows[0].Value != 1 {
			t.Fatalf("info of node 1: %v, want a 1 per interval", rows)
		}
		renamed := server(1)
		renamed.Name = "Berlin"
		fleet.put(renamed, agentFunc(good))
		time.Sleep(time.Second)
		old, fresh := info("node 1"), info("Berlin")
		if !isStale(old[len(old)-1].Value) || len(fresh) != 1 || fresh[0].Value != 1 {
			t.Errorf("a second after the rename: old %v, new %v", old, fresh)
		}
		time.Sleep(time.Minute)
		if rows := info("node 1"); len(rows) != len(old) {
			t.Errorf("the old name got %d more rows", len(rows)-len(old))
		}
	})
}
