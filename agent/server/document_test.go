package server

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io/fs"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"monitoring/agent/api"
	"monitoring/agent/collector"
	"monitoring/agent/host"
)

var update = flag.Bool("update", false, "write the golden files anew")

var quiet = slog.New(slog.DiscardHandler)

// machineFiles is the small server that the collectors' tests use too.
func machineFiles(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	root := os.DirFS("../collector/testdata/machine")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		file := &fstest.MapFile{Mode: d.Type()}
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := fs.ReadLink(root, name)
			file.Data, files[name] = []byte(target), file
			return err
		}
		file.Data, err = fs.ReadFile(root, name)
		files[name] = file
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func newTestDocument(t testing.TB, files fs.FS) (*Document, *collector.Set) {
	t.Helper()
	h := host.Fake(host.Parts{
		Files: files,
		Usage: map[string]host.Usage{
			"/":             {Total: 100 << 30, Used: 24 << 30, Free: 72 << 30},
			"/srv/my files": {Total: 1 << 40, Used: 1 << 39, Free: 1 << 39},
		},
		Addresses: map[int][]netip.Prefix{
			2: {netip.MustParsePrefix("192.0.2.10/24"), netip.MustParsePrefix("2001:db8::10/64")},
			6: {netip.MustParsePrefix("10.8.0.1/32")},
		},
	})
	set, err := collector.New(collector.Options{Host: h, Version: "1.2.3", Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	return NewDocument(set, quiet), set
}

func replaceIn(files fstest.MapFS, name, from, to string) {
	files[name].Data = bytes.Replace(files[name].Data, []byte(from), []byte(to), 1)
}

// sample takes one sample of the rates now.
func sample(t *testing.T, set *collector.Set) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := set.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

// goldenDocument asks after a second in which the machine received 125,000 bytes, wrote 8 sectors and kept one of its
// four processors busy by half; in the five seconds before, nginx worked for 500 of their 2000 ticks.
func goldenDocument(t *testing.T) (m api.Metrics) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		files := machineFiles(t)
		d, set := newTestDocument(t, files)
		if _, err := set.Processes(t.Context()); err != nil {
			t.Fatal(err)
		}
		replaceIn(files, "proc/413/stat", " 9000 1000 ", " 9400 1100 ")
		time.Sleep(4*time.Second - time.Millisecond)
		sample(t, set)
		time.Sleep(time.Second - time.Millisecond)
		replaceIn(files, "proc/stat", "cpu  4000 100 1500 390000", "cpu  4050 100 1500 390350")
		replaceIn(files, "proc/stat", "cpu0 1000 25 375 97500", "cpu0 1050 25 375 97550")
		for _, cpu := range []string{"cpu1", "cpu2", "cpu3"} {
			replaceIn(files, "proc/stat", cpu+" 1000 25 375 97500", cpu+" 1000 25 375 97600")
		}
		replaceIn(files, "proc/net/dev", "eth0: 8000000000", "eth0: 8000125000")
		replaceIn(files, "proc/diskstats", "sda 50000 100 4000000 25000 30000 200 8000000", "sda 50000 100 4000000 25000 30000 200 8000008")
		sample(t, set)
		var err error
		if m, err = d.Metrics(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	return m
}

func TestDocumentGolden(t *testing.T) {
	t.Parallel()
	const file = "testdata/document/metrics.golden.json"
	m := goldenDocument(t)
	if m.System.Architecture != machine(runtime.GOARCH) {
		t.Errorf("architecture %q", m.System.Architecture)
	}
	m.System.Architecture = "x86_64"
	got, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("go test -update writes it anew if this is meant: %s", diff)
	}
}

// documentKeys are the keys of the document in the specification; {} stands for names of chips and disks.
const documentKeys = `
timestamp server_name timezone.name timezone.offset timezone.offset_seconds
cpu.cores_physical cpu.cores_logical cpu.model cpu.usage_percent cpu.per_cpu_percent cpu.load_avg_1 cpu.load_avg_5 cpu.load_avg_15
cpu.frequency.current cpu.frequency.min cpu.frequency.max
cpu.temperatures.{}.label cpu.temperatures.{}.current cpu.temperatures.{}.high cpu.temperatures.{}.critical
memory.ram.total memory.ram.used memory.ram.free memory.ram.available memory.ram.percent memory.ram.buffers memory.ram.cached
memory.swap.total memory.swap.used memory.swap.free memory.swap.percent
disk.partitions.device disk.partitions.mountpoint disk.partitions.fstype disk.partitions.total disk.partitions.used disk.partitions.free
disk.partitions.percent
disk.io.{}.read_bytes disk.io.{}.write_bytes disk.io.{}.read_count disk.io.{}.write_count disk.io.{}.read_time_ms disk.io.{}.write_time_ms
network.interfaces.name network.interfaces.addresses.type network.interfaces.addresses.address network.interfaces.addresses.netmask
network.interfaces.mac network.interfaces.mtu network.interfaces.speed_mbps network.interfaces.is_up
network.interfaces.rx_bytes network.interfaces.tx_bytes network.interfaces.rx_packets network.interfaces.tx_packets
network.interfaces.rx_errors network.interfaces.tx_errors network.interfaces.rx_drops network.interfaces.tx_drops
network.interfaces.rx_bytes_per_sec network.interfaces.tx_bytes_per_sec
network.total.rx_bytes network.total.tx_bytes network.total.rx_packets network.total.tx_packets
network.total.rx_bytes_per_sec network.total.tx_bytes_per_sec
processes.total processes.running processes.sleeping
processes.top_by_cpu.pid processes.top_by_cpu.name processes.top_by_cpu.cpu_percent processes.top_by_cpu.memory_percent processes.top_by_cpu.status
processes.top_by_memory.pid processes.top_by_memory.name processes.top_by_memory.cpu_percent processes.top_by_memory.memory_percent
processes.top_by_memory.status
system.hostname system.os system.kernel system.architecture system.boot_time system.uptime_seconds system.uptime_human system.open_files
system.server_name system.timezone.name system.timezone.offset system.timezone.offset_seconds
system.connections.established system.connections.listen system.connections.time_wait system.connections.other
system.connections_detailed.tcp.total system.connections_detailed.tcp.established system.connections_detailed.tcp.listen
system.connections_detailed.tcp.time_wait system.connections_detailed.tcp.close_wait system.connections_detailed.tcp.syn_sent
system.connections_detailed.tcp.syn_recv system.connections_detailed.tcp.fin_wait system.connections_detailed.tcp.other
system.connections_detailed.udp.total
certificates.count certificates.closest_expiry
`

// addedKeys are ours.
const addedKeys = `network.interfaces.is_virtual disk.io.{}.read_bytes_per_sec disk.io.{}.write_bytes_per_sec`

func TestDocumentHasTheKeysOfTheSpecification(t *testing.T) {
	t.Parallel()
	encoded, err := json.Marshal(goldenDocument(t))
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(encoded, &document); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	addKeys(found, "", document)
	want := strings.Fields(documentKeys + addedKeys)
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(found))); diff != "" {
		t.Error(diff)
	}
}

// addKeys collects the paths of the leaves.
func addKeys(found map[string]bool, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			if path == "cpu.temperatures" || path == "disk.io" {
				key = "{}"
			}
			addKeys(found, strings.TrimPrefix(path+"."+key, "."), child)
		}
	case []any:
		for _, child := range v {
			if _, leaf := child.(float64); leaf {
				found[path] = true
			} else {
				addKeys(found, path, child)
			}
		}
	default:
		found[path] = true
	}
}

// An agent that has just started, on a machine that hides almost everything, still answers: with zeros and empty lists.
func TestDocumentOfABareMachine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		full, files := machineFiles(t), fstest.MapFS{}
		for _, name := range []string{"proc/meminfo", "proc/stat", "proc/1/stat"} {
			files[name] = full[name]
		}
		d, _ := newTestDocument(t, files)
		m, err := d.Metrics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.Index(encoded, []byte("null")); i >= 0 && bytes.Count(encoded, []byte("null")) > 1 {
			t.Errorf("a list is null: ...%s", encoded[max(0, i-60):i+4])
		}
		if m.System.OS != "Linux" || m.Timezone.Name != "UTC" || m.Processes.Total != 1 {
			t.Errorf("%+v", m)
		}
	})
}

func TestDocumentNeedsMemory(t *testing.T) {
	t.Parallel()
	files := machineFiles(t)
	delete(files, "proc/meminfo")
	d, _ := newTestDocument(t, files)
	if _, err := d.Metrics(t.Context()); err == nil || !strings.Contains(err.Error(), "read memory") {
		t.Errorf("Metrics = %v", err)
	}
	if _, err := d.Processes(t.Context()); err == nil {
		t.Error("Processes without memory")
	}
}

// The collectors do not know the contract, so this is where the two limits meet.
func TestWindowOfTheContract(t *testing.T) {
	t.Parallel()
	if api.MaxWindow != collector.MaxWindow {
		t.Errorf("the client asks for up to %s, the agent keeps %s", api.MaxWindow, collector.MaxWindow)
	}
}
