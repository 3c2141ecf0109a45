package server

import (
	"io/fs"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"monitoring/agent/api"
)

func TestTimezone(t *testing.T) {
	t.Parallel()
	moscow := machineFiles(t)["usr/share/zoneinfo/Europe/Moscow"]
	link := func(target string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink}
	}
	f := func(files fstest.MapFS, want api.Timezone) {
		t.Helper()
		d, _ := newTestDocument(t, files)
		if diff := cmp.Diff(want, d.timezone(time.Unix(1790000000, 0))); diff != "" {
			t.Error(diff)
		}
	}
	want := api.Timezone{Name: "Europe/Moscow", Offset: "+03:00", OffsetSeconds: 10800}
	const zone = "usr/share/zoneinfo/Europe/Moscow"
	f(fstest.MapFS{"etc/localtime": link("/" + zone), zone: moscow}, want) // absolute: the machine's, not the container's
	f(fstest.MapFS{"etc/localtime": link("../" + zone), zone: moscow}, want)
	f(fstest.MapFS{"etc/localtime": moscow, "etc/timezone": {Data: []byte("Europe/Moscow\n")}}, want)
	want.Name = "MSK"
	f(fstest.MapFS{"etc/localtime": moscow}, want)
	utc := api.Timezone{Name: "UTC", Offset: "+00:00"}
	f(fstest.MapFS{}, utc)
	f(fstest.MapFS{"etc/localtime": {Data: []byte("damaged")}}, utc)
	f(fstest.MapFS{"etc/localtime": link("/etc/elsewhere")}, utc)
}

func TestTimezoneOffset(t *testing.T) {
	t.Parallel()
	f := func(seconds int, want string) {
		t.Helper()
		if got := offsetText(seconds); got != want {
			t.Errorf("%d seconds: %s, want %s", seconds, got, want)
		}
	}
	f(0, "+00:00")
	f(3*3600, "+03:00")
	f(5*3600+45*60, "+05:45")
	f(-3*3600-30*60, "-03:30")
	f(-12*3600, "-12:00")
}

func TestUptimeText(t *testing.T) {
	t.Parallel()
	f := func(seconds int64, want string) {
		t.Helper()
		if got := uptimeText(seconds); got != want {
			t.Errorf("%d: %s, want %s", seconds, got, want)
		}
	}
	f(0, "0d 0h 0m")
	f(59, "0d 0h 0m")
	f(3600+61, "0d 1h 1m")
	f(96*86400+5*60, "96d 0h 5m")
}

func TestHostname(t *testing.T) {
	t.Parallel()
	f := func(files fstest.MapFS, want string) {
		t.Helper()
		d, _ := newTestDocument(t, files)
		if got := d.hostname(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	// The kernel tells an agent in a container that container's name.
	f(fstest.MapFS{"etc/hostname": file("node-7\n"), "proc/sys/kernel/hostname": file("f3b2c1\n")}, "node-7")
	f(fstest.MapFS{"proc/sys/kernel/hostname": file("f3b2c1\n")}, "f3b2c1")
	f(fstest.MapFS{}, "")
}

func TestParseProcessors(t *testing.T) {
	t.Parallel()
	f := func(text string, want processorInfo) {
		t.Helper()
		if got := parseProcessors(text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
	f("", processorInfo{})
	f("processor\t: 0\nmodel name\t: A\nphysical id\t: 0\ncore id\t: 0\n\nprocessor\t: 1\nmodel name\t: A\nphysical id\t: 0\ncore id\t: 0\n",
		processorInfo{model: "A", cores: 1, processors: 2})
	f("processor\t: 0\nphysical id\t: 0\ncore id\t: 0\nprocessor\t: 1\nphysical id\t: 1\ncore id\t: 0\n", // two sockets
		processorInfo{cores: 2, processors: 2})
	f("processor\t: 0\nBogoMIPS\t: 108.00\nprocessor\t: 1\nModel\t\t: Raspberry Pi 4 Model B\n",
		processorInfo{model: "Raspberry Pi 4 Model B", cores: 2, processors: 2})
	f("processor: 0\ncpu MHz: 2445.430\n", processorInfo{cores: 1, processors: 1, megahertz: 2445})
}

func TestParseLoad(t *testing.T) {
	t.Parallel()
	f := func(line string, one, five, fifteen float64) {
		t.Helper()
		if a, b, c := parseLoad(line); a != one || b != five || c != fifteen {
			t.Errorf("%q: %v %v %v", line, a, b, c)
		}
	}
	f("0.52 1.25 0.90 2/345 9999", 0.52, 1.25, 0.90)
	f("", 0, 0, 0)
	f("NaN +Inf x", 0, 0, 0) // JSON has no such numbers
}

func TestIsUp(t *testing.T) {
	t.Parallel()
	f := func(state, flags string, want bool) {
		t.Helper()
		if got := isUp(state, flags); got != want {
			t.Errorf("%s %s: %v", state, flags, got)
		}
	}
	f("up", "0x1003", true)
	f("down", "0x1003", false) // switched on, but no cable
	f("lowerlayerdown", "0x1003", false)
	f("unknown", "0x91", true) // a tunnel
	f("unknown", "0x90", false)
	f("unknown", "", false)
	f("", "", false)
}
