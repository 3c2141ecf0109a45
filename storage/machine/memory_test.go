package machine

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		t.Fatal(err)
	}
	got, err := Memory()
	if most := int64(info.Totalram) * int64(info.Unit); err != nil || got <= 0 || got > most {
		t.Errorf("%d bytes %v, the kernel tells %d", got, err, most)
	}
}

func TestMemTotal(t *testing.T) {
	t.Parallel()
	f := func(text string, want int64, good bool) {
		t.Helper()
		if got, err := memTotal(text); got != want || (err == nil) != good {
			t.Errorf("%q: %d %v, want %d", text, got, err, want)
		}
	}
	f("MemTotal:        2030500 kB\nMemFree:          100000 kB\n", 2030500<<10, true)
	f("MemFree:          100000 kB\n", 0, false)
	f("MemTotal:        much kB\n", 0, false)
}
