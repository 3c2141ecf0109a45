package collector

import (
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"monitoring/agent/host"
)

// The machine's tables list, over both families: 2 listeners, 3 established, 2 time_wait, one each of close_wait,
// syn_sent, syn_recv, fin_wait1, fin_wait2 and last_ack; 4 and 3 UDP sockets; queues of 16 bytes out, 35 in.
func TestSockets(t *testing.T) {
	t.Parallel()
	c := newSockets(fakeHost(machine(t)))
	expect(t, c.Collect, `
# HELP agent_tcp_connections TCP sockets of IPv4 and IPv6 by state.
# TYPE agent_tcp_connections gauge
agent_tcp_connections{state="close_wait"} 1
agent_tcp_connections{state="established"} 3
agent_tcp_connections{state="fin_wait"} 2
agent_tcp_connections{state="listen"} 2
agent_tcp_connections{state="other"} 1
agent_tcp_connections{state="syn_recv"} 1
agent_tcp_connections{state="syn_sent"} 1
agent_tcp_connections{state="time_wait"} 2
# HELP agent_udp_sockets UDP sockets of IPv4 and IPv6.
# TYPE agent_udp_sockets gauge
agent_udp_sockets 7
# HELP node_tcp_connection_states Number of connection states.
# TYPE node_tcp_connection_states gauge
node_tcp_connection_states{state="close"} 0
node_tcp_connection_states{state="close_wait"} 1
node_tcp_connection_states{state="closing"} 0
node_tcp_connection_states{state="established"} 3
node_tcp_connection_states{state="fin_wait1"} 1
node_tcp_connection_states{state="fin_wait2"} 1
node_tcp_connection_states{state="last_ack"} 1
node_tcp_connection_states{state="listen"} 2
node_tcp_connection_states{state="rx_queued_bytes"} 35
node_tcp_connection_states{state="syn_recv"} 1
node_tcp_connection_states{state="syn_sent"} 1
node_tcp_connection_states{state="time_wait"} 2
node_tcp_connection_states{state="tx_queued_bytes"} 16
`)
	s, err := c.counts()
	if err != nil || s.TCP() != 13 {
		t.Errorf("%d TCP sockets, %v; want 13", s.TCP(), err)
	}
}

func TestSocketsWithoutIPv6(t *testing.T) {
	t.Parallel()
	files := machine(t)
	delete(files, "proc/net/tcp6")
	delete(files, "proc/net/sockstat6")
	got, err := newSockets(fakeHost(files)).counts()
	want := Sockets{Established: 2, Listen: 1, TimeWait: 2, CloseWait: 1, SynSent: 1, UDP: 4}
	if err != nil || !cmp.Equal(want, got, cmpopts.IgnoreUnexported(Sockets{})) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

func TestSocketsMissing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"proc/net/tcp", "proc/net/sockstat"} {
		files := machine(t)
		delete(files, name)
		if _, err := newSockets(fakeHost(files)).counts(); err == nil {
			t.Errorf("no error without %s", name)
		}
	}
}

func TestParseProcTCP(t *testing.T) {
	t.Parallel()
	f := func(text string, states map[int]int, receive, send uint64) {
		t.Helper()
		want := host.TCPSockets{ReceiveQueue: receive, SendQueue: send}
		for state, n := range states {
			want.States[state] = n
		}
		var got host.TCPSockets
		parseProcTCP([]byte(text), &got)
		if got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
	f("", nil, 0, 0)
	f("  sl  local_address rem_address   st tx_queue rx_queue\n", nil, 0, 0)
	f("0: 0100007F:1F90 00000000:0000 0A 0000000F:000000FF 00:0\n", map[int]int{tcpListen: 1}, 255, 15)
	f("0: A:1 B:2 0C 0:0\n1: A:1 B:2 0B 0:0\n", map[int]int{tcpNewSynRecv: 1, tcpClosing: 1}, 0, 0)
	f("0: A:1 B:2 7F 0:0\n", map[int]int{0: 1}, 0, 0) // a state of a later kernel is "other"
	f("0: A:1 B:2 zz 0:0\n0: A:1\n", nil, 0, 0)
	f("0: A:1 B:2 01 123456789:1\n", map[int]int{tcpEstablished: 1}, 1, 0)
}

// Who asks within five seconds gets the same answer; the page asks anew, and renews it for the others.
func TestSocketsAreRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := machine(t)
		c := newSockets(fakeHost(files))
		f := func(wait time.Duration, want int) {
			t.Helper()
			time.Sleep(wait)
			if got, err := c.counts(); err != nil || got.UDP != want {
				t.Errorf("%d UDP sockets, %v; want %d", got.UDP, err, want)
			}
		}
		set := func(n string) {
			files["proc/net/sockstat"] = &fstest.MapFile{Data: []byte("UDP: inuse " + n + " mem 0\n")}
		}
		set("10")
		f(0, 13)
		set("20")
		f(4*time.Second, 13)
		f(time.Second, 23)
		set("30")
		gather(t, &single{collect: c.Collect})
		f(0, 33)
	})
}
