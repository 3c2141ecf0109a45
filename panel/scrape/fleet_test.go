package scrape

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/scrape/simulate"
	"monitoring/storage/storagetest"
)

// TestWithTheRealFleet joins a simulated agent by the real enrolment and follows a server's life: polled, renamed,
// disabled.
func TestWithTheRealFleet(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	servers, err := fleet.New(ctx, fleet.Options{Store: storagetest.Postgres(t), Log: log, DataDir: t.TempDir(),
		PublicURL: func() string { return "https://panel.test" }, AgentBinaries: fstest.MapFS{}, Registerer: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := simulate.Listen()
	if err != nil {
		t.Fatal(err)
	}
	created, err := servers.Create(ctx, fleet.CreateServerRequest{Name: "first", URL: "https://" + listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	token, err := api.ParseInstallToken(created.Install.Token)
	if err != nil {
		t.Fatal(err)
	}
	agent, err := simulate.Start(listener, token)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(agent.Close)

	id, db, registry := created.Server.ID, storagetest.TSDB(t), prometheus.NewRegistry()
	live := make(chan int64, 1000)
	s := New(Options{Fleet: servers, DB: db, Log: log, Registerer: registry, Self: registry,
		Interval: func() time.Duration { return time.Second }, ServicesInterval: func() time.Duration { return time.Second },
		OnLive: func(id int64) { live <- id }})
	ended := make(chan error, 1)
	scraping, stop := context.WithCancel(ctx)
	go func() { ended <- s.Run(scraping) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	}()

	server := `server="` + strconv.FormatInt(id, 10) + `"`
	eventually := func(what string, holds func() bool) {
		t.Helper()
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for !holds() {
			select {
			case <-ctx.Done():
				t.Fatalf("never happened: %s", what)
			case <-tick.C:
			}
		}
	}
	// yields waits until an expression has one value, or none for absent.
	const absent = -1
	yields := func(expr string, want float64) {
		t.Helper()
		eventually(expr, func() bool {
			if err := db.RunOnce(ctx); err != nil {
				t.Fatal(err)
			}
			series, err := db.Query(ctx, expr, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return len(series) == 0 && want == absent || len(series) == 1 && series[0].Points[0].Value == want
		})
	}
	if got := <-live; got != id {
		t.Errorf("OnLive of server %d, want %d", got, id)
	}
	yields(`up{job="node",`+server+`}`, 1)
	yields(`count({job="node",`+server+`})`, float64(simulate.Series(setHost))+3)
	yields(`up{job="services",`+server+`}`, 1)
	yields(`up{job="panel",instance="panel"}`, 1)
	yields(`panel_scrape_targets{job="panel",instance="panel"}`, 1)
	yields(`panel_server_info{`+server+`,name="first"}`, 1)
	eventually("online", func() bool { return servers.Status(id) == fleet.StatusOnline })
	eventually("a document", func() bool {
		doc, _, ok := s.Last(id)
		return ok && doc.System.Hostname == "sim-"+token.AgentID
	})

	agent.Set(simulate.Failing)
	yields(`up{job="node",`+server+`}`, 0)
	eventually("the record says why", func() bool {
		srv, err := servers.Server(id)
		return err == nil && srv.LastError != nil && *srv.LastError == "Server error: HTTP 500"
	})
	agent.Set(simulate.Normal)
	yields(`up{job="node",`+server+`}`, 1)

	name := "renamed"
	if err := servers.Update(ctx, id, fleet.UpdateServerRequest{Name: &name}); err != nil {
		t.Fatal(err)
	}
	yields(`count(panel_server_info{`+server+`,name="renamed"})`, 1)
	yields(`panel_server_info{`+server+`,name="first"}`, absent)

	off := false
	if err := servers.Update(ctx, id, fleet.UpdateServerRequest{IsActive: &off}); err != nil {
		t.Fatal(err)
	}
	yields(`count({`+server+`})`, absent)
	if n := s.Stats().Targets; n != 0 {
		t.Errorf("%d targets are left", n)
	}
}
