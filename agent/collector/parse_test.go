package collector

import (
	"bytes"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseUint(t *testing.T) {
	t.Parallel()
	f := func(text string, want uint64, wantOK bool) {
		t.Helper()
		if got, ok := parseUint([]byte(text)); ok != wantOK || ok && got != want {
			t.Errorf("parseUint(%q) = %d, %v; want %d, %v", text, got, ok, want, wantOK)
		}
	}
	f("0", 0, true)
	f("007", 7, true)
	f("18446744073709551615", math.MaxUint64, true)
	f("18446744073709551616", 0, false)
	f("", 0, false)
	f("-1", 0, false)
	f("1.5", 0, false)
	f("12a", 0, false)
}

func TestParseUintReadsWhatStrconvWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Uint64().Draw(t, "number")
		if got, ok := parseUint(strconv.AppendUint(nil, want, 10)); !ok || got != want {
			t.Fatalf("got %d, %v, want %d", got, ok, want)
		}
	})
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	f := func(text string, want map[int]cpuTimes) {
		t.Helper()
		got := map[int]cpuTimes{}
		parseStat([]byte(text), func(cpu int, times cpuTimes) { got[cpu] = times })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("parseStat(%q): %s", text, diff)
		}
	}
	f("", map[int]cpuTimes{})
	f("intr 1 2 3\n", map[int]cpuTimes{})
	f("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 8 7 6 5 4 3 2 1\nintr 9\ncpu1 1 2 3 4\n", map[int]cpuTimes{ // ends with the cpu lines
		allCPUs: {1, 2, 3, 4, 5, 6, 7, 8}, 0: {8, 7, 6, 5, 4, 3, 2, 1},
	})
	f("cpu7 1 2 3 4\n", map[int]cpuTimes{7: {1, 2, 3, 4}})              // a kernel before 2.5.41 has no more columns
	f("cpu7 1 2 3\ncpuX 1 2 3 4\n", map[int]cpuTimes{})                 // too short; not a number
	f("cpu99999999999 1 2 3 4\n", map[int]cpuTimes{})                   // no machine has so many
	f("cpu0 1 2 3 4 5 6 7", map[int]cpuTimes{0: {1, 2, 3, 4, 5, 6, 7}}) // cut off
}

func TestParseNetDev(t *testing.T) {
	t.Parallel()
	f := func(text string, want map[string]interfaceCounters) {
		t.Helper()
		got := map[string]interfaceCounters{}
		parseNetDev([]byte(text), func(name []byte, c *interfaceCounters) { got[string(name)] = *c })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("parseNetDev(%q): %s", text, diff)
		}
	}
	const numbers = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"
	counters := interfaceCounters{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	f("Inter-|   Receive  |  Transmit\n face |bytes\n", map[string]interfaceCounters{})
	f("  eth0:"+numbers+"\n", map[string]interfaceCounters{"eth0": counters})
	f("eth0:1"+numbers[2:]+"\n", map[string]interfaceCounters{"eth0": counters}) // large numbers leave no space
	f("eth0:1:"+numbers+"\n", map[string]interfaceCounters{"eth0:1": counters})
	f("eth0: 1 2 3\nlo:"+numbers, map[string]interfaceCounters{"lo": counters})
	f(":"+numbers, map[string]interfaceCounters{})
}

func TestParseDiskStats(t *testing.T) {
	t.Parallel()
	f := func(text string, want map[string]diskCounters) {
		t.Helper()
		got := map[string]diskCounters{}
		parseDiskStats([]byte(text), func(name []byte, c *diskCounters) { got[string(name)] = *c })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("parseDiskStats(%q): %s", text, diff)
		}
	}
	f("   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n", map[string]diskCounters{"sda": {1, 2, 3, 4, 5, 6, 7, 8}})
	f("8 0 sda 1 2 3 4 5 6 7\n8 16 sdb 1 2 3 4 5 6 7 8\n", map[string]diskCounters{"sdb": {1, 2, 3, 4, 5, 6, 7, 8}})
	f("8 0\n\n", map[string]diskCounters{})
}

func TestParsersAllocateNothing(t *testing.T) {
	files := machine(t)
	stat, netDev, diskStats := files["proc/stat"].Data, files["proc/net/dev"].Data, files["proc/diskstats"].Data
	n := 0
	allocations := testing.AllocsPerRun(100, func() {
		parseStat(stat, func(int, cpuTimes) { n++ })
		parseNetDev(netDev, func([]byte, *interfaceCounters) { n++ })
		parseDiskStats(diskStats, func([]byte, *diskCounters) { n++ })
	})
	if allocations > 2 { // the two structs that they fill, once each
		t.Errorf("%v allocations", allocations)
	}
	if n == 0 {
		t.Error("nothing was parsed")
	}
}

// FuzzParsers feeds all parsers of kernel text: none may panic or read past its input.
func FuzzParsers(f *testing.F) {
	for _, name := range []string{"stat", "net/dev", "diskstats", "meminfo", "net/tcp", "net/sockstat", "777/stat", "1/mounts"} {
		data, err := os.ReadFile("testdata/machine/proc/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		input := bytes.Clone(b)
		parseStat(b, func(cpu int, _ cpuTimes) {
			if cpu < allCPUs {
				t.Errorf("cpu %d", cpu)
			}
		})
		parseNetDev(b, func(name []byte, _ *interfaceCounters) {
			if len(name) == 0 {
				t.Error("an interface without a name")
			}
		})
		parseDiskStats(b, func(name []byte, _ *diskCounters) {
			if len(name) == 0 {
				t.Error("a disk without a name")
			}
		})
		if m := parseMemory(b); m.Available > m.Total || m.SwapFree > m.SwapTotal {
			t.Errorf("memory %+v", m)
		}
		if n := socketsInUse(b, "UDP:"); n < 0 {
			t.Errorf("%d sockets", n)
		}
		var sockets hostTCP
		parseProcTCP(b, &sockets)
		if p, ok := parseProcess(b); ok && (p.State == 0 || p.Threads < 0) {
			t.Errorf("process %+v", p)
		}
		for _, m := range parseMounts(b) {
			if m.Mountpoint[0] != '/' {
				t.Errorf("mount %+v", m)
			}
		}
		if !bytes.Equal(b, input) {
			t.Error("a parser changed its input")
		}
	})
}
