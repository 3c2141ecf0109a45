package collector

import (
	"os"
	"runtime"
	"testing"
	"time"
)

func TestBuildInfo(t *testing.T) {
	t.Parallel()
	expect(t, (&buildInfo{"1.2.3"}).Collect, `
# HELP agent_build_info Version of the agent, of its compiler, and its processor architecture.
# TYPE agent_build_info gauge
agent_build_info{arch="`+runtime.GOARCH+`",goversion="`+runtime.Version()+`",version="1.2.3"} 1
`)
}

func TestOwnProcess(t *testing.T) {
	started := time.Unix(1790000000, 250e6)
	value := func(name string) float64 {
		t.Helper()
		c := &single{collect: (&ownProcess{started}).Collect}
		family := gather(t, c)[name]
		if c.err != nil || family == nil {
			t.Fatalf("%s: %v", name, c.err)
		}
		if family.Metric[0].Counter != nil {
			return family.Metric[0].Counter.GetValue()
		}
		return family.Metric[0].Gauge.GetValue()
	}
	if got := value("process_start_time_seconds"); got != 1790000000.25 {
		t.Errorf("started at %f", got)
	}
	before := value("process_open_fds")
	for range 5 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	if more := value("process_open_fds") - before; more != 5 {
		t.Errorf("five more files came as %v", more)
	}
	if cpu := value("process_cpu_seconds_total"); cpu <= 0 || cpu > time.Hour.Seconds() {
		t.Errorf("%v seconds of CPU", cpu)
	}
	resident, virtual := value("process_resident_memory_bytes"), value("process_virtual_memory_bytes")
	if resident < 4<<20 || virtual < resident {
		t.Errorf("%v bytes resident of %v", resident, virtual)
	}
}
