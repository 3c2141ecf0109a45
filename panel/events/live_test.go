package events

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"monitoring/agent/api"
	"monitoring/storage"
)

func document() api.Metrics {
	var m api.Metrics
	m.CPU = api.CPU{UsagePercent: 12.5, LoadAvg1: 1, LoadAvg5: 2, LoadAvg15: 3, CoresLogical: 4}
	m.Memory.RAM = api.RAM{Percent: 50, Used: 4, Total: 8}
	m.Disk.Partitions = []api.Partition{{Mountpoint: "/srv", Percent: 1, Used: 1, Total: 100}, {Mountpoint: "/", Percent: 40, Used: 20, Total: 50}}
	m.Network.Total = api.NetworkTotal{RxBytesPerSec: 100, TxBytesPerSec: 200}
	m.System.UptimeSeconds = 60
	m.System.ConnectionsDetailed.TCP.Total, m.System.ConnectionsDetailed.UDP.Total = 7, 8
	m.Processes.Total = 9
	return m
}

func TestFromMetrics(t *testing.T) {
	t.Parallel()
	seen := time.UnixMilli(1_000)
	got, err := json.Marshal(FromMetrics(storage.Server{ID: 3, IsActive: true, LastSeen: &seen}, document(), time.UnixMilli(5_000)))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":3,"status":"online","at":5000,"cpu":12.5,"ram":50,"ram_used":4,"ram_total":8,"disk":40,"disk_used":20,` +
		`"disk_total":50,"rx":100,"tx":200,"load1":1,"load5":2,"load15":3,"cores":4,"uptime":60,"tcp":7,"udp":8,"processes":9,` +
		`"error":null,"code":null}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("JSON of a live server (-want +got):\n%s", diff)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	seen, text, code := time.UnixMilli(1), "Connection refused", 502
	f := func(srv storage.Server, want string) {
		t.Helper()
		if got := FromMetrics(srv, api.Metrics{}, time.Time{}); got.Status != want || got.At != 0 {
			t.Errorf("status %q at %d, want %q at 0", got.Status, got.At, want)
		}
	}
	f(storage.Server{IsActive: true}, "loading")
	f(storage.Server{IsActive: true, LastSeen: &seen}, "online")
	f(storage.Server{IsActive: true, LastSeen: &seen, LastError: &text, ErrorCode: &code}, "offline")
	f(storage.Server{LastSeen: &seen, LastError: &text}, "disabled")

	offline := FromMetrics(storage.Server{IsActive: true, LastError: &text, ErrorCode: &code}, document(), seen)
	if offline.CPU != 12.5 || *offline.Error != text || *offline.Code != code {
		t.Errorf("an offline server must keep its last values and say why: %+v", offline)
	}
}

func TestRootPartition(t *testing.T) {
	t.Parallel()
	f := func(mounts []api.Partition, want uint64) {
		t.Helper()
		if got := FromMetrics(storage.Server{}, api.Metrics{Disk: api.Disk{Partitions: mounts}}, time.Time{}); got.DiskTotal != want {
			t.Errorf("disk total %d, want %d", got.DiskTotal, want)
		}
	}
	f(nil, 0)
	f([]api.Partition{{Mountpoint: "/", Total: 5}, {Mountpoint: "/big", Total: 50}}, 5)
	f([]api.Partition{{Mountpoint: "/a", Total: 5}, {Mountpoint: "/b", Total: 50}}, 50) // a container without "/"
}
