package host

import (
	"encoding/binary"
	"errors"
	"net"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// message builds a netlink message with a body.
func message(kind uint16, body []byte) []byte {
	b := make([]byte, unix.SizeofNlMsghdr, unix.SizeofNlMsghdr+len(body))
	binary.NativeEndian.PutUint32(b, uint32(unix.SizeofNlMsghdr+len(body)))
	binary.NativeEndian.PutUint16(b[4:], kind)
	b = append(b, body...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// socket is an inet_diag_msg.
func socket(state byte, receive, send uint32) []byte {
	b := make([]byte, inetDiagMsgSize)
	b[0], b[1] = unix.AF_INET, state
	binary.NativeEndian.PutUint32(b[56:], receive)
	binary.NativeEndian.PutUint32(b[60:], send)
	return message(tcpDiagGetSock, b)
}

func concat(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestAddSockets(t *testing.T) {
	t.Parallel()
	var got TCPSockets
	done, err := got.add(concat(socket(1, 5, 7), socket(1, 0, 0), socket(10, 2, 128), socket(99, 0, 0)))
	if done || err != nil {
		t.Fatalf("add = %v, %v", done, err)
	}
	done, err = got.add(concat(socket(6, 0, 0), message(unix.NLMSG_DONE, make([]byte, 4))))
	if !done || err != nil {
		t.Fatalf("last add = %v, %v", done, err)
	}
	want := TCPSockets{ReceiveQueue: 7, SendQueue: 135}
	want.States[1], want.States[6], want.States[10] = 2, 1, 1
	if got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

func TestAddSocketsRefuses(t *testing.T) {
	t.Parallel()
	f := func(b []byte, unsupported bool) {
		t.Helper()
		var got TCPSockets
		_, err := got.add(b)
		if err == nil || errors.Is(err, errors.ErrUnsupported) != unsupported {
			t.Errorf("add = %v", err)
		}
	}
	errno := func(e unix.Errno) []byte {
		return message(unix.NLMSG_ERROR, binary.NativeEndian.AppendUint32(nil, uint32(-int32(e))))
	}
	f(errno(unix.ENOENT), true) // the kernel has no tcp_diag
	f(errno(unix.EPERM), false)
	f(message(unix.NLMSG_ERROR, nil), false)
	f(message(tcpDiagGetSock, make([]byte, 20)), false)
	f(socket(1, 0, 0)[:40], false) // cut off
	f(make([]byte, 16), false)     // a message of length zero would be read for ever
}

// ownNetwork gives the test's thread a network of its own, in which nobody else opens or closes a socket.
func ownNetwork(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // and never unlocked: the thread goes with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	lo.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		t.Fatal(err)
	}
}

// The kernel's own answer: both ends of many connections, over IPv4 and over IPv6.
func TestTCPOfThisMachine(t *testing.T) {
	const connections = 400 // more than fit into one message of the kernel
	ownNetwork(t)
	h := New("/")
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		ln, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		for range connections {
			c, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
	}
	got, err := h.TCP()
	if err != nil {
		t.Fatal(err)
	}
	want := TCPSockets{ReceiveQueue: 2 * connections}  // none is accepted
	want.States[1], want.States[10] = 4*connections, 2 // two ends, two families
	got.SendQueue = 0                                  // of a listener it is how many may wait, which the machine decides
	if got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

func FuzzAddSockets(f *testing.F) {
	f.Add(concat(socket(1, 5, 7), message(unix.NLMSG_DONE, make([]byte, 4))))
	f.Add(message(unix.NLMSG_ERROR, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got TCPSockets
		if _, err := got.add(b); err != nil {
			return
		}
		total := 0
		for _, n := range got.States {
			total += n
		}
		if total*(unix.SizeofNlMsghdr+inetDiagMsgSize) > len(b) {
			t.Errorf("%d sockets in %d bytes", total, len(b))
		}
	})
}
