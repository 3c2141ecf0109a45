package system

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	s := &Service{o: Options{DataDir: t.TempDir()}}
	if n := testutil.CollectAndCount(s, "panel_disk_free_bytes", "panel_disk_size_bytes"); n != 2 {
		t.Errorf("%d figures of the disk", n)
	}
	if problems, err := testutil.CollectAndLint(s); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	s.o.DataDir = "/no/such/directory"
	if n := testutil.CollectAndCount(s); n != 0 {
		t.Errorf("%d figures of a disk that cannot be read", n)
	}
}
