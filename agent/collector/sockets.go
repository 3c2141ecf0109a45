package collector

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/agent/host"
)

// Kernel numbers of the TCP states (include/net/tcp_states.h).
const (
	tcpEstablished = 1 + iota
	tcpSynSent
	tcpSynRecv
	tcpFinWait1
	tcpFinWait2
	tcpTimeWait
	tcpClose
	tcpCloseWait
	tcpLastAck
	tcpListen
	tcpClosing
	tcpNewSynRecv // a half-open connection; /proc shows it as syn_recv
)

// nodeTCPStates are the names that node_exporter's tcpstat collector gives the states.
var nodeTCPStates = map[int]string{
	tcpEstablished: "established", tcpSynSent: "syn_sent", tcpSynRecv: "syn_recv", tcpFinWait1: "fin_wait1",
	tcpFinWait2: "fin_wait2", tcpTimeWait: "time_wait", tcpClose: "close", tcpCloseWait: "close_wait",
	tcpLastAck: "last_ack", tcpListen: "listen", tcpClosing: "closing",
}

var (
	tcpConnections = prometheus.NewDesc("agent_tcp_connections", "TCP sockets of IPv4 and IPv6 by state.", []string{"state"}, nil)
	udpSockets     = prometheus.NewDesc("agent_udp_sockets", "UDP sockets of IPv4 and IPv6.", nil, nil)
	nodeTCP        = prometheus.NewDesc("node_tcp_connection_states", "Number of connection states.", []string{"state"}, nil)
)

// Sockets counts TCP sockets by the states that people look at, and UDP sockets.
type Sockets struct {
	Established, Listen, TimeWait, CloseWait, SynSent, SynRecv, FinWait, Other int
	UDP                                                                        int

	tcp host.TCPSockets
}

// TCP is the number of TCP sockets.
func (s Sockets) TCP() int {
	return s.Established + s.Listen + s.TimeWait + s.CloseWait + s.SynSent + s.SynRecv + s.FinWait + s.Other
}

// sockets counts sockets. It exports node_exporter's tcpstat family too, from the same reading: that collector keeps
// every socket's message in memory and asks for details that nobody shows, which a busy proxy feels.
type sockets struct {
	host  *host.Host
	cache cached[Sockets]
}

func newSockets(h *host.Host) *sockets { return &sockets{host: h} }

// Collect implements Family.
func (c *sockets) Collect(ch chan<- prometheus.Metric) error {
	s, err := c.cache.renew(c.read)
	if err != nil {
		return err
	}
	send := func(desc *prometheus.Desc, n float64, state ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, n, state...)
	}
	send(tcpConnections, float64(s.Established), "established")
	send(tcpConnections, float64(s.Listen), "listen")
	send(tcpConnections, float64(s.TimeWait), "time_wait")
	send(tcpConnections, float64(s.CloseWait), "close_wait")
	send(tcpConnections, float64(s.SynSent), "syn_sent")
	send(tcpConnections, float64(s.SynRecv), "syn_recv")
	send(tcpConnections, float64(s.FinWait), "fin_wait")
	send(tcpConnections, float64(s.Other), "other")
	send(udpSockets, float64(s.UDP))
	for state, name := range nodeTCPStates {
		n := s.tcp.States[state]
		if state == tcpSynRecv {
			n += s.tcp.States[tcpNewSynRecv]
		}
		send(nodeTCP, float64(n), name)
	}
	send(nodeTCP, float64(s.tcp.ReceiveQueue), "rx_queued_bytes")
	send(nodeTCP, float64(s.tcp.SendQueue), "tx_queued_bytes")
	return nil
}

func (c *sockets) counts() (Sockets, error) { return c.cache.get(c.read) }

func (c *sockets) read() (Sockets, error) {
	tcp, err := c.host.TCP()
	if errors.Is(err, errors.ErrUnsupported) {
		tcp, err = readProcTCP(c.host)
	}
	if err != nil {
		return Sockets{}, fmt.Errorf("count TCP sockets: %w", err)
	}
	udp, err := countUDP(c.host)
	if err != nil {
		return Sockets{}, fmt.Errorf("count UDP sockets: %w", err)
	}
	n := &tcp.States
	return Sockets{
		Established: n[tcpEstablished], Listen: n[tcpListen], TimeWait: n[tcpTimeWait], CloseWait: n[tcpCloseWait],
		SynSent: n[tcpSynSent], SynRecv: n[tcpSynRecv] + n[tcpNewSynRecv], FinWait: n[tcpFinWait1] + n[tcpFinWait2],
		Other: n[tcpClose] + n[tcpLastAck] + n[tcpClosing] + n[0],
		UDP:   udp, tcp: tcp,
	}, nil
}

// readProcTCP counts the lines of proc/net/tcp and tcp6, for kernels without sock_diag. IPv6 may be off.
func readProcTCP(h *host.Host) (t host.TCPSockets, err error) {
	data, err := fs.ReadFile(h.FS(), "proc/net/tcp")
	if err != nil {
		return t, err
	}
	parseProcTCP(data, &t)
	data, err = fs.ReadFile(h.FS(), "proc/net/tcp6")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return t, err
	}
	parseProcTCP(data, &t)
	return t, nil
}

// parseProcTCP reads lines such as "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 ...": number, local and remote
// address, state, send and receive queue, all in hexadecimal.
func parseProcTCP(b []byte, t *host.TCPSockets) {
	for len(b) > 0 {
		var line []byte
		line, b = cutLine(b)
		number, line := cutField(line)
		if !bytes.HasSuffix(number, []byte(":")) {
			continue // the title line
		}
		_, line = cutField(line)
		_, line = cutField(line)
		state, line := cutField(line)
		n, ok := parseHex(state)
		if !ok {
			continue
		}
		if n >= uint64(len(t.States)) {
			n = 0 // a state that a later kernel invents is counted as "other"
		}
		t.States[n]++
		queues, _ := cutField(line)
		send, receive, _ := bytes.Cut(queues, []byte(":"))
		if v, ok := parseHex(send); ok {
			t.SendQueue += v
		}
		if v, ok := parseHex(receive); ok {
			t.ReceiveQueue += v
		}
	}
}

// parseHex reads up to eight hexadecimal digits.
func parseHex(b []byte) (v uint64, ok bool) {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | uint64(c-'0')
		case c >= 'A' && c <= 'F':
			v = v<<4 | uint64(c-'A'+10)
		default:
			return 0, false
		}
	}
	return v, len(b) > 0 && len(b) <= 8
}

// countUDP reads the kernel's own count instead of walking proc/net/udp, which has one line for each.
func countUDP(h *host.Host) (int, error) {
	buf := make([]byte, 0, 1<<10)
	data, err := h.ReadInto("proc/net/sockstat", buf)
	if err != nil {
		return 0, err
	}
	n := socketsInUse(data, "UDP:")
	data, err = h.ReadInto("proc/net/sockstat6", buf)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	return n + socketsInUse(data, "UDP6:"), nil
}

// socketsInUse finds a line such as "UDP: inuse 4 mem 2".
func socketsInUse(b []byte, protocol string) int {
	for len(b) > 0 {
		var line []byte
		line, b = cutLine(b)
		name, line := cutField(line)
		if string(name) != protocol {
			continue
		}
		_, line = cutField(line)
		field, _ := cutField(line)
		n, ok := parseUint(field)
		if ok && n < 1<<31 {
			return int(n)
		}
	}
	return 0
}
