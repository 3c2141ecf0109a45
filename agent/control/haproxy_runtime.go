package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/haproxy"
)

const dialTime = 2 * time.Second

// socket is the runtime socket that the configuration opens.
func (x *HAProxy) socket() (haproxy.Socket, bool) {
	content, err := x.host.ReadFile(haproxyConfig)
	if err != nil {
		return haproxy.Socket{}, false
	}
	path := haproxy.SocketPath(content)
	return x.socketAt(path), path != ""
}

func (x *HAProxy) master() haproxy.Socket { return x.socketAt(haproxy.MasterSocket) }

func (x *HAProxy) socketAt(path string) haproxy.Socket {
	return haproxy.Socket{Dial: func() (net.Conn, error) { return x.host.DialUnix(path, dialTime) }}
}

// oldProcesses counts the processes of before a reload that still hold connections. Without a master's word it is the
// children of the main process, of which one is the current worker.
func (x *HAProxy) oldProcesses() int {
	if p, err := x.master().Processes(); err == nil {
		return len(p.Old)
	}
	pid, err := x.host.Line("run/haproxy.pid")
	if err != nil {
		return 0
	}
	if _, err := strconv.Atoi(pid); err != nil {
		return 0
	}
	children, err := x.host.Line("proc/" + pid + "/task/" + pid + "/children")
	if err != nil {
		return 0
	}
	return max(0, len(strings.Fields(children))-1)
}

func (x *HAProxy) stats(context.Context, Call) (api.HAProxyStats, error) {
	out := api.HAProxyStats{CollectedAt: time.Now().UTC(), Frontends: []api.HAProxyProxy{}, Backends: []api.HAProxyProxy{}, Servers: []api.HAProxyProxy{}}
	socket, ok := x.socket()
	if !ok {
		return out, fail(api.CodeConflict, "%s opens no stats socket", haproxyConfig)
	}
	info, err := socket.Info()
	if err != nil {
		return out, fail(api.CodeConflict, "HAProxy does not answer: %v", err)
	}
	stats, err := socket.Stats()
	if err != nil {
		return out, err
	}
	number := func(key string) int64 {
		n, _ := strconv.ParseInt(info[key], 10, 64) // 0 if this version lacks it
		return n
	}
	out.Version, out.UptimeSeconds = info["Version"], number("Uptime_sec")
	out.Connections, out.MaxConnections, out.OldProcesses = number("CurrConns"), number("Maxconn"), x.oldProcesses()
	for _, s := range stats {
		switch s.Text("type") {
		case haproxy.KindFrontend:
			out.Frontends = append(out.Frontends, proxyStats(s))
		case haproxy.KindBackend:
			out.Backends = append(out.Backends, proxyStats(s))
		case haproxy.KindServer:
			p := proxyStats(s)
			p.Server = s.Text("svname")
			out.Servers = append(out.Servers, p)
		}
	}
	return out, nil
}

func proxyStats(s haproxy.Stat) api.HAProxyProxy {
	n := func(columns ...string) (sum int64) {
		for _, c := range columns {
			v, _ := s.Int(c) // an empty column is 0
			sum += v
		}
		return sum
	}
	return api.HAProxyProxy{
		Proxy: s.Text("pxname"), Status: s.Text("status"), Address: s.Text("addr"),
		Sessions: n("scur"), SessionsMax: n("smax"), SessionsLimit: n("slim"), SessionsTotal: n("stot"), SessionsPerSec: n("rate"),
		Queue: n("qcur"), BytesIn: n("bin"), BytesOut: n("bout"), Errors: n("ereq", "econ", "eresp"), Denied: n("dreq", "dresp", "dcon"),
		Weight: n("weight"), CheckStatus: s.Text("check_status"), CheckMillis: n("check_duration"), LastChangeSec: n("lastchg"), DowntimeSeconds: n("downtime"),
	}
}

// changeServer changes a server in the running process, for as long as that runs.
func (x *HAProxy) changeServer(_ context.Context, ch api.HAProxyServerChange, c Call) (api.Changed, error) {
	backend, server := c.Param("backend"), c.Param("server")
	if err := checkServerChange(ch); err != nil {
		return api.Changed{}, err
	}
	socket, ok := x.socket()
	if !ok {
		return api.Changed{}, fail(api.CodeConflict, "%s opens no stats socket", haproxyConfig)
	}
	var err error
	if ch.Address != "" {
		err = socket.SetAddress(backend, server, netip.MustParseAddr(ch.Address), ch.Port)
	}
	if err == nil && ch.Weight != nil {
		err = socket.SetWeight(backend, server, *ch.Weight)
	}
	if err == nil && ch.State != "" {
		err = socket.SetState(backend, server, ch.State)
	}
	switch {
	case errors.Is(err, haproxy.ErrNoServer):
		return api.Changed{}, fail(api.CodeNotFound, "the running HAProxy has no server %s/%s", backend, server)
	case err != nil:
		return api.Changed{}, fail(api.CodeRefused, "%v", err)
	}
	x.forget()
	return done("changed in the running process, without a reload"), nil
}

func checkServerChange(ch api.HAProxyServerChange) error {
	ip, err := netip.ParseAddr(ch.Address)
	switch {
	case ch.State == "" && ch.Weight == nil && ch.Address == "":
		return invalid("state", "or weight or address must be given")
	case ch.State != "" && !slices.Contains(haproxy.States, ch.State):
		return invalid("state", "must be one of %v", haproxy.States)
	case ch.Weight != nil && (*ch.Weight < 0 || *ch.Weight > 256):
		return invalid("weight", "must be 0 to 256")
	case ch.Address != "" && (err != nil || ip.Zone() != ""):
		return invalid("address", "must be an IP address")
	case ch.Address != "" && (ch.Port < 1 || ch.Port > 65535):
		return invalid("port", "must be 1 to 65535")
	}
	return nil
}

// chosen is what an operator has chosen in the running process. A reload forgets it, so that we have to remember.
type chosen struct{ backend, server, state string }

func (x *HAProxy) chosenStates() []chosen {
	socket, ok := x.socket()
	if !ok {
		return nil
	}
	stats, err := socket.Stats()
	if err != nil {
		return nil
	}
	var out []chosen
	for _, s := range stats {
		if s.Text("type") != haproxy.KindServer {
			continue
		}
		switch status := s.Text("status"); {
		case status == "MAINT": // and not "MAINT (via x)", which is another server's
			out = append(out, chosen{s.Text("pxname"), s.Text("svname"), "maint"})
		case strings.HasPrefix(status, "DRAIN"):
			out = append(out, chosen{s.Text("pxname"), s.Text("svname"), "drain"})
		}
	}
	return out
}

// choose makes the new process follow. A server that is gone needs nothing.
func (x *HAProxy) choose(all []chosen) {
	socket, ok := x.socket()
	if !ok {
		return
	}
	for _, c := range all {
		if err := socket.SetState(c.backend, c.server, c.state); err != nil && !errors.Is(err, haproxy.ErrNoServer) {
			x.log.Warn("keep the state of a server over a reload", "server", fmt.Sprintf("%s/%s", c.backend, c.server), "err", err)
		}
	}
}
