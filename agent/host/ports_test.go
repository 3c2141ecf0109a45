package host

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// inNetwork makes a network of the test's own, seen from the outside, and a function to run something inside.
func inNetwork(t *testing.T) (*Host, func(func())) {
	t.Helper()
	cmd := exec.Command("unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec sleep infinity")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	started, end := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // Pdeathsig means this thread
		defer runtime.UnlockOSThread()
		started <- cmd.Start()
		<-end
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		close(end)
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("make network: %q, %v", line, err)
	}
	return Inside(cmd.Process.Pid), func(f func()) {
		t.Helper()
		done := make(chan error)
		go func() {
			runtime.LockOSThread()
			home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				done <- err
				return
			}
			defer unix.Close(home)
			ns, err := unix.Open(fmt.Sprintf("/proc/%d/ns/net", cmd.Process.Pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err == nil {
				err = unix.Setns(ns, unix.CLONE_NEWNET)
				_ = unix.Close(ns)
			}
			if err == nil {
				f()
				if err = unix.Setns(home, unix.CLONE_NEWNET); err == nil { // else the thread is spoilt and has to end
					runtime.UnlockOSThread()
				}
			}
			done <- err
		}()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// send moves n bytes over a TCP connection to a port of the network, by IPv4 or IPv6.
func send(t *testing.T, inside func(func()), address string, n int) {
	t.Helper()
	inside(func() {
		ln, err := net.Listen("tcp", address)
		if err != nil {
			t.Error(err)
			return
		}
		defer ln.Close()
		got := make(chan int64)
		go func() {
			conn, err := ln.Accept()
			if err != nil {
				got <- -1
				return
			}
			defer conn.Close()
			m, _ := io.Copy(io.Discard, conn)
			got <- m
		}()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Error(err)
			return
		}
		_, err = conn.Write(bytes.Repeat([]byte("x"), n))
		conn.Close()
		if m := <-got; err != nil || m != int64(n) {
			t.Errorf("sent %d of %d bytes, %v", m, n, err)
		}
	})
}

func portBytes(t *testing.T, h *Host) map[uint16]PortBytes {
	t.Helper()
	list, err := h.PortBytes()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(list, func(a, b PortBytes) int { return int(a.Port) - int(b.Port) }) {
		t.Errorf("not sorted: %v", list)
	}
	out := map[uint16]PortBytes{}
	for _, p := range list {
		out[p.Port] = p
	}
	return out
}

func TestCountPorts(t *testing.T) {
	t.Parallel()
	h, inside := inNetwork(t)
	if got := portBytes(t, h); len(got) != 0 {
		t.Errorf("counted before anything was asked for: %v", got)
	}
	if err := h.CountPorts([]uint16{80, 8080}); err != nil {
		t.Fatal(err)
	}
	const size = 1 << 20
	within := func(what string, got uint64) {
		t.Helper()
		if got < size || got > size*102/100 {
			t.Errorf("%s: %d bytes counted of %d sent", what, got, size)
		}
	}
	send(t, inside, "127.0.0.1:8080", size)
	got := portBytes(t, h)
	within("IPv4", got[8080].Received)
	if got[80] != (PortBytes{Port: 80}) {
		t.Errorf("80 swallows 8080: %+v", got[80])
	}
	if s := got[8080].Sent; s == 0 || s > size/20 {
		t.Errorf("%d bytes of acknowledgements", s)
	}
	send(t, inside, "[::1]:8080", size)
	within("IPv6", portBytes(t, h)[8080].Received-got[8080].Received)

	// What is asked for again, and what is added, leaves the counters alone.
	before := portBytes(t, h)
	for _, ports := range [][]uint16{{80, 8080}, {443, 8080, 80}, {8080}} {
		if err := h.CountPorts(ports); err != nil {
			t.Fatal(err)
		}
		after := portBytes(t, h)
		if len(after) != len(ports) || after[8080] != before[8080] {
			t.Errorf("after %v: %v, before %v", ports, after, before)
		}
	}
	if err := h.CountPorts(nil); err != nil {
		t.Fatal(err)
	}
	inside(func() {
		if out, err := exec.Command("nft", "list", "ruleset").CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
			t.Errorf("without ports something is left: %s, %v", out, err)
		}
	})
}

// TestCountPortsAfterDamage: whatever somebody does to the table, the next call has it whole again.
func TestCountPortsAfterDamage(t *testing.T) {
	t.Parallel()
	h, inside := inNetwork(t)
	list := func() (out string) {
		inside(func() {
			b, err := exec.Command("nft", "list", "ruleset").CombinedOutput()
			if err != nil {
				t.Error(err)
			}
			out = string(b)
		})
		return out
	}
	if err := h.CountPorts([]uint16{443}); err != nil {
		t.Fatal(err)
	}
	want := list()
	if !strings.Contains(want, "TRAFFIC_ACCOUNTING_IN") || strings.Count(want, "443 counter") != 2 {
		t.Fatalf("table:\n%s", want)
	}
	for _, damage := range []string{"flush ruleset", "flush chain inet monitoring TRAFFIC_ACCOUNTING_OUT", "delete element inet monitoring ports_in { 443 }",
		"flush chain inet monitoring TRAFFIC_ACCOUNTING_IN; delete chain inet monitoring TRAFFIC_ACCOUNTING_IN"} {
		inside(func() {
			if out, err := exec.Command("nft", damage).CombinedOutput(); err != nil {
				t.Errorf("nft %s: %v\n%s", damage, err, out)
			}
		})
		if list() == want {
			t.Errorf("%s does no damage", damage)
		}
		if err := h.CountPorts([]uint16{443}); err != nil {
			t.Fatal(err)
		}
		if got := list(); got != want {
			t.Errorf("after %s:\n%s\nwant\n%s", damage, got, want)
		}
	}
}
