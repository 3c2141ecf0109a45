package host

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// TCPSockets counts the TCP sockets of IPv4 and IPv6 by the kernel's state number (1 established ... 12 new syn_recv),
// and sums the bytes that wait in their queues.
type TCPSockets struct {
	States                  [13]int
	ReceiveQueue, SendQueue uint64
}

// TCP asks the kernel for its TCP sockets. errors.ErrUnsupported means that it has no such question (sock_diag); then
// proc/net/tcp has the same at five times the price.
func (h *Host) TCP() (TCPSockets, error) {
	var t TCPSockets
	err := h.tcpDump(&t)
	return t, err
}

const (
	dumpTimeoutSeconds = 2
	dumpBuffer         = 32 << 10 // what one recv can return of a dump
	allTCPStates       = 1<<13 - 1<<1
	requestSize        = unix.SizeofNlMsghdr + inetDiagReqSize
	inetDiagReqSize    = 60 // struct inet_diag_req
	statesOffset       = 52 // idiag_states in it
	inetDiagMsgSize    = 72 // struct inet_diag_msg
	stateOffset        = 1  // idiag_state in it
	queuesOffset       = 56 // idiag_rqueue, idiag_wqueue

	// tcpDiagGetSock (TCPDIAG_GETSOCK) is the older of the kernel's two questions. It answers for IPv4 and IPv6 in one
	// walk of the socket table, which is large even where it is empty; the newer wants a walk for each.
	tcpDiagGetSock = 18
)

// dumpTCP walks the kernel's socket tables through netlink (man 7 sock_diag), without keeping what it reads.
func dumpTCP(t *TCPSockets) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_INET_DIAG)
	if err != nil {
		return fmt.Errorf("open sock_diag: %w: %w", err, errors.ErrUnsupported)
	}
	defer unix.Close(fd)
	timeout := unix.Timeval{Sec: dumpTimeoutSeconds}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		return fmt.Errorf("set sock_diag timeout: %w", err)
	}
	if err := unix.Sendto(fd, dumpRequest(), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("ask sock_diag: %w", err)
	}
	buf := make([]byte, dumpBuffer)
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read sock_diag: %w", err)
		}
		if done, err := t.add(buf[:n]); done || err != nil {
			return err
		}
	}
}

// dumpRequest asks for all TCP sockets in any state, without extensions: the header of each has all that we count.
func dumpRequest() []byte {
	b := make([]byte, requestSize)
	binary.NativeEndian.PutUint32(b, requestSize)
	binary.NativeEndian.PutUint16(b[4:], tcpDiagGetSock)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	body := b[unix.SizeofNlMsghdr:]
	body[0] = unix.AF_INET // must be valid, yet both families come
	binary.NativeEndian.PutUint32(body[statesOffset:], allTCPStates)
	return b
}

// add counts the sockets of one datagram of the dump and reports whether it was the last.
func (t *TCPSockets) add(b []byte) (done bool, err error) {
	for len(b) >= unix.SizeofNlMsghdr {
		size := int(binary.NativeEndian.Uint32(b))
		if size < unix.SizeofNlMsghdr || size > len(b) {
			return false, fmt.Errorf("read sock_diag: message of %d bytes in %d", size, len(b))
		}
		body := b[unix.SizeofNlMsghdr:size]
		switch binary.NativeEndian.Uint16(b[4:]) {
		case unix.NLMSG_DONE:
			return true, nil
		case unix.NLMSG_ERROR:
			return true, answerError(body)
		case tcpDiagGetSock:
			if len(body) < inetDiagMsgSize {
				return false, fmt.Errorf("read sock_diag: socket of %d bytes", len(body))
			}
			if state := int(body[stateOffset]); state < len(t.States) {
				t.States[state]++
			}
			t.ReceiveQueue += uint64(binary.NativeEndian.Uint32(body[queuesOffset:]))
			t.SendQueue += uint64(binary.NativeEndian.Uint32(body[queuesOffset+4:]))
		}
		b = b[min((size+3)&^3, len(b)):] // messages are aligned to four bytes
	}
	return false, nil
}

func answerError(body []byte) error {
	if len(body) < 4 {
		return errors.New("read sock_diag: error without a number")
	}
	errno := unix.Errno(-int32(binary.NativeEndian.Uint32(body)))
	if errno == unix.ENOENT { // the kernel lacks tcp_diag
		return fmt.Errorf("sock_diag: %w: %w", errno, errors.ErrUnsupported)
	}
	return fmt.Errorf("sock_diag: %w", errno)
}
