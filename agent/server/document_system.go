package server

import (
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"strconv"
	"strings"
	"time"

	"monitoring/agent/api"
)

func (d *Document) system(zone api.Timezone) api.System {
	s := api.System{
		Hostname:     d.hostname(),
		OS:           d.osName(),
		Kernel:       d.line("proc/sys/kernel/osrelease"),
		Architecture: machine(runtime.GOARCH),
		Timezone:     zone,
	}
	s.ServerName = s.Hostname
	uptime, _, _ := strings.Cut(d.line("proc/uptime"), " ")
	s.UptimeSeconds = int64(parseFloat(uptime))
	s.UptimeHuman = uptimeText(s.UptimeSeconds)
	s.BootTime = d.bootTime()
	open, _, _ := strings.Cut(d.line("proc/sys/fs/file-nr"), "\t")
	if n, err := strconv.ParseUint(open, 10, 64); err == nil {
		s.OpenFiles = n
	}
	s.Connections, s.ConnectionsDetailed = d.connections()
	return s
}

// bootTime is the kernel's own: now minus uptime would waver by a second.
func (d *Document) bootTime() time.Time {
	data, err := fs.ReadFile(d.host.FS(), "proc/stat")
	if err != nil {
		d.log.Warn("read system", "err", err)
	}
	for line := range strings.Lines(string(data)) {
		if text, ok := strings.CutPrefix(line, "btime "); ok {
			return time.Unix(int64(parseFloat(strings.TrimSpace(text))), 0).UTC()
		}
	}
	return time.Time{}
}

func (d *Document) connections() (c api.Connections, detailed api.ConnectionsDetailed) {
	s, err := d.set.Sockets()
	if err != nil {
		d.log.Warn("count sockets", "err", err)
		return c, detailed
	}
	detailed.UDP.Total = s.UDP
	detailed.TCP = api.TCPStates{
		Total: s.TCP(), Established: s.Established, Listen: s.Listen, TimeWait: s.TimeWait, CloseWait: s.CloseWait,
		SynSent: s.SynSent, SynRecv: s.SynRecv, FinWait: s.FinWait, Other: s.Other,
	}
	c = api.Connections{Established: s.Established, Listen: s.Listen, TimeWait: s.TimeWait}
	c.Other = s.TCP() - c.Established - c.Listen - c.TimeWait
	return c, detailed
}

// line is "" for a file that cannot be read; why is in the log.
func (d *Document) line(name string) string {
	text, err := d.host.Line(name)
	if err != nil {
		d.log.Warn("read system", "err", err)
	}
	return text
}

// hostname asks the kernel, but from inside a container, whose name the kernel would tell, the machine's own file.
func (d *Document) hostname() string {
	if d.host.Root() != "/" {
		if name, err := d.host.Line("etc/hostname"); err == nil && name != "" {
			return name
		}
	}
	return d.line("proc/sys/kernel/hostname")
}

// osName is the system's name for people, as in "Debian GNU/Linux 12 (bookworm)".
func (d *Document) osName() string {
	data, err := fs.ReadFile(d.host.FS(), "etc/os-release")
	if missing(err) {
		data, err = fs.ReadFile(d.host.FS(), "usr/lib/os-release")
	}
	if err != nil {
		d.log.Debug("read name of the system", "err", err)
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
			return strings.Trim(value, `"'`)
		}
	}
	return "Linux"
}

// machine is what uname calls the architecture.
func machine(goarch string) string {
	switch goarch {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	}
	return goarch
}

const zoneInfo = "usr/share/zoneinfo/"

// timezone reads the machine's own zone: the agent's TZ may be a container's.
func (d *Document) timezone(now time.Time) api.Timezone {
	name, location := d.location()
	short, seconds := now.In(location).Zone()
	if name == "" {
		name = short
	}
	return api.Timezone{Name: name, Offset: offsetText(seconds), OffsetSeconds: seconds}
}

// offsetText writes seconds east of Greenwich as "+03:00".
func offsetText(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	return fmt.Sprintf("%c%02d:%02d", sign, seconds/3600, seconds/60%60)
}

// location follows /etc/localtime, which is a link into the zone database, or a copy of one of its files. The link is
// followed by hand, since in a container it would lead into the container's files.
func (d *Document) location() (name string, location *time.Location) {
	if target, err := fs.ReadLink(d.host.FS(), "etc/localtime"); err == nil {
		file := strings.TrimPrefix(target, "/")
		if !path.IsAbs(target) {
			file = path.Join("etc", target)
		}
		if zone, ok := strings.CutPrefix(file, zoneInfo); ok {
			name = zone
			if l, err := d.loadLocation(name, file); err == nil {
				return name, l
			}
		}
	}
	if text, err := d.host.Line("etc/timezone"); err == nil && name == "" {
		name = text
	}
	if l, err := d.loadLocation(name, "etc/localtime"); err == nil {
		return name, l
	}
	return "UTC", time.UTC // without the file it is UTC by convention
}

func (d *Document) loadLocation(name, file string) (*time.Location, error) {
	data, err := fs.ReadFile(d.host.FS(), file)
	if err != nil {
		return nil, err
	}
	return time.LoadLocationFromTZData(name, data)
}
