package host

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

func TestReadInto(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := func(h *Host, name, want string) {
		t.Helper()
		buf := make([]byte, 0, 3)
		for range 2 { // the second time into the buffer that the first has grown
			got, err := h.ReadInto(name, buf)
			if err != nil || string(got) != want {
				t.Errorf("ReadInto(%s) = %q, %v; want %q", name, got, err, want)
			}
			buf = got
		}
	}
	long := strings.Repeat("0123456789", 1000)
	fake := Fake(Parts{Files: fstest.MapFS{"proc/empty": {}, "proc/long": {Data: []byte(long)}}})
	for name, content := range map[string]string{"empty": "", "long": long} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		f(New(dir), name, content)
		f(fake, "proc/"+name, content)
	}
	for _, h := range []*Host{New(dir), fake} {
		if _, err := h.ReadInto("nothing", nil); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a missing file: %v", err)
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	h := Fake(Parts{Files: fstest.MapFS{"etc/hostname": {Data: []byte(" node-7 \n")}}})
	if got, err := h.Line("etc/hostname"); got != "node-7" || err != nil {
		t.Errorf("Line = %q, %v", got, err)
	}
	if _, err := h.Line("etc/nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestOpenReadsAgainFromTheStart(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"proc/stat": {Data: []byte("one")}}
	r, err := Fake(Parts{Files: files}).Open("proc/stat")
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 10)
	for _, content := range []string{"one", "second"} {
		files["proc/stat"].Data = []byte(content)
		if n, _ := r.ReadAt(buf, 0); string(buf[:n]) != content {
			t.Errorf("read %q, want %q", buf[:n], content)
		}
	}
}

func TestUsageOfARealFileSystem(t *testing.T) {
	t.Parallel()
	u, err := New("/").Usage("/")
	if err != nil || u.Total == 0 || u.Used == 0 || u.Used+u.Free > u.Total {
		t.Errorf("Usage(/) = %+v, %v", u, err)
	}
	if _, err := New(t.TempDir()).Usage("/nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing mount: %v", err)
	}
}

func TestUsageRatio(t *testing.T) {
	t.Parallel()
	f := func(u Usage, want float64) {
		t.Helper()
		if got := u.Ratio(); got != want {
			t.Errorf("%+v: %v, want %v", u, got, want)
		}
	}
	f(Usage{}, 0)
	f(Usage{Total: 100, Used: 25, Free: 75}, 0.25)
	f(Usage{Total: 100, Used: 45, Free: 45}, 0.5) // ten are root's reserve
	f(Usage{Total: 100, Used: 100}, 1)
}

// A network file system whose server has gone: statfs does not come back, and must neither hold up who asks nor be
// asked again.
func TestUsageOfAStuckFileSystem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		server := make(chan struct{})
		h := Fake(Parts{Files: fstest.MapFS{}})
		h.statfs = func(string) (Usage, error) {
			asked.Add(1)
			<-server
			return Usage{Total: 10}, nil
		}
		start := time.Now()
		for range 3 {
			if _, err := h.Usage("/mnt"); !errors.Is(err, ErrStuck) {
				t.Errorf("Usage = %v, want ErrStuck", err)
			}
		}
		if waited := time.Since(start); waited != statfsPatience || asked.Load() != 1 {
			t.Errorf("waited %v and asked %d times, want %v and once", waited, asked.Load(), statfsPatience)
		}
		close(server) // it is back
		synctest.Wait()
		if u, err := h.Usage("/mnt"); err != nil || u.Total != 10 {
			t.Errorf("after it is back: %+v, %v", u, err)
		}
	})
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	found, err := New("/").Addresses()
	if err != nil {
		t.Fatal(err)
	}
	want := netip.MustParsePrefix("127.0.0.1/8")
	if slices.Contains(found[lo.Index], want) {
		return
	}
	t.Errorf("lo has %v, want %v among them", found[lo.Index], want)
}
