package collector

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"monitoring/agent/host"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	// 6 of 8 GB are available; 1.5 of 2 GB of swap are free; 24 GiB are used beside 72 that users may still fill.
	expect(t, (&usage{fakeHost(machine(t))}).Collect, `
# HELP agent_memory_usage_ratio Share of memory that is not available to new programs, 0 to 1.
# TYPE agent_memory_usage_ratio gauge
agent_memory_usage_ratio 0.25
# HELP agent_root_filesystem_usage_ratio Share of the root file system in use, 0 to 1, as df prints it.
# TYPE agent_root_filesystem_usage_ratio gauge
agent_root_filesystem_usage_ratio 0.25
# HELP agent_swap_usage_ratio Share of swap space in use, 0 to 1; 0 without swap.
# TYPE agent_swap_usage_ratio gauge
agent_swap_usage_ratio 0.25
`)
}

// The memory is told even where the root file system does not answer.
func TestUsageWithoutRootFileSystem(t *testing.T) {
	t.Parallel()
	c := &single{collect: (&usage{host.Fake(host.Parts{Files: machine(t)})}).Collect}
	if got := gather(t, c); len(got) != 2 || c.err == nil {
		t.Errorf("%d families, error %v", len(got), c.err)
	}
}

func TestParseMemory(t *testing.T) {
	t.Parallel()
	f := func(text string, want Memory) {
		t.Helper()
		if diff := cmp.Diff(want, parseMemory([]byte(text))); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	f("", Memory{})
	f("MemTotal: 100 kB\nMemFree: 10 kB\nBuffers: 5 kB\nCached: 20 kB\nSReclaimable: 3 kB\n", // no MemAvailable
		Memory{Total: 102400, Free: 10240, Buffers: 5120, Cached: 20480, Available: 38912})
	f("MemTotal: 100 kB\nMemAvailable: 300 kB\n", Memory{Total: 102400, Available: 102400}) // LXC with a limit
	f("MemTotal: 100 kB\nMemAvailable: 0 kB\nMemFree: 9 kB\n", Memory{Total: 102400, Free: 9216})
	f("SwapTotal: 4 kB\nSwapFree: 9 kB\nMemTotal: x kB\n", Memory{SwapTotal: 4096, SwapFree: 4096})
	f("MemTotal: 99999999999999999 kB\n", Memory{}) // would not fit into bytes
}
