package bulk

import (
	"strings"
	"testing"
	"time"
)

// TestOutputIsBounded: commands print, and results of many jobs on hundreds of servers are kept for an hour.
func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	const each, servers = 64 << 10, 1000
	s := &Service{}
	begin := time.Now()
	out, errs := strings.Repeat("o", each), strings.Repeat("e", each) // the same for all: the test shall not take what it counts
	add := func() *job {
		j := newJob("x", poke{}, begin)
		j.results = make([]Result, servers)
		for i := range j.results {
			stdout, stderr := out, errs
			j.set(i, Result{State: Succeeded, Stdout: &stdout, Stderr: &stderr})
		}
		s.jobs = append(s.jobs, j)
		return j
	}
	j := add()
	sum := 0
	for _, r := range j.results {
		if r.Stdout == nil || r.Stderr == nil || len(*r.Stdout) < shortOutput {
			t.Fatalf("a server's output is gone: %+v", r)
		}
		sum += len(*r.Stdout) + len(*r.Stderr)
	}
	if sum != j.bytesPrinted() || sum > maxPrinted+servers*2*(shortOutput+len("…")) || len(*j.results[0].Stdout) != each {
		t.Errorf("%d bytes are kept (%d counted), at most %d were to be", sum, j.bytesPrinted(), maxPrinted)
	}
	j.finish(begin)
	for range 5 {
		add().finish(begin)
	}
	running := add()
	s.forget(begin)
	kept := 0
	for i, j := range s.jobs {
		if n := j.bytesPrinted(); n == 0 && i > 3 {
			t.Errorf("what the younger job %d of %d printed is forgotten before that of an older one", i, len(s.jobs))
		} else if j.ended() {
			kept += n
		}
	}
	if kept == 0 || kept > allPrinted {
		t.Errorf("%d bytes of finished jobs are kept, want at most %d", kept, allPrinted)
	}
	if s.jobs[0].results[0].Stdout != nil || running.bytesPrinted() == 0 {
		t.Error("the oldest job's output is kept, or that of a running one is gone")
	}
}
