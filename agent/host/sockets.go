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
// proc/net/tcp has the same at twenty times the price.
func (h *Host) TCP() (TCPSockets, error) {
	var t TCPSockets
	err := h.tcpDump(&t)
	return t, err
}

const (
	dumpTimeoutSeconds = 2
	dumpBuffer         = 32 << 10 // what one recv can return of a dump
	allTCPStates       = 1<<13 - 1<<1
	requestSize        = unix.SizeofNlMsghdr + 56 // struct inet_diag_req_v2
	stateOffset        = 1                        // in struct inet_diag_msg
	queuesOffset       = 56                       // idiag_rqueue, idiag_wqueue
	inetDiagMsgSize    = 72
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
	buf := make([]byte, dumpBuffer)
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		if err := unix.Sendto(fd, dumpRequest(family), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return fmt.Errorf("ask sock_diag: %w", err)
		}
		for done := false; !done; {
			n, _, err := unix.Recvfrom(fd, buf, 0)
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if err != nil {
				return fmt.Errorf("read sock_diag: %w", err)
			}
			if done, err = t.add(buf[:n]); err != nil {
				return err
			}
		}
	}
	return nil
}

func dumpRequest(family byte) []byte {
	b := make([]byte, 0, requestSize)
	b = binary.NativeEndian.AppendUint32(b, requestSize)
	b = binary.NativeEndian.AppendUint16(b, unix.SOCK_DIAG_BY_FAMILY)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	b = append(b, make([]byte, 8)...)             // sequence, port
	b = append(b, family, unix.IPPROTO_TCP, 0, 0) // no extensions: the header has all that we count
	b = binary.NativeEndian.AppendUint32(b, allTCPStates)
	return b[:requestSize] // the socket id stays zero: any
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
		case unix.SOCK_DIAG_BY_FAMILY:
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
