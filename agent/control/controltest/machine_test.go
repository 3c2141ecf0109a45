package controltest

import (
	"io"
	"net"
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

func TestMachine(t *testing.T) {
	m := Boot(t)
	if comm := strings.TrimSpace(m.Run(t, "cat", "/proc/1/comm")); comm != "systemd" {
		t.Errorf("process 1 is %q", comm)
	}
	m.Write(t, "/etc/only-in-there", "x", 0o600)
	if got := m.Run(t, "cat", "/etc/only-in-there"); got != "x" {
		t.Errorf("the machine reads %q", got)
	}
	if _, err := os.Stat("/etc/only-in-there"); err == nil {
		t.Error("the file is on our own machine as well")
	}
	if links := m.Run(t, "ls", "/sys/class/net"); strings.TrimSpace(links) != "lo" {
		t.Errorf("network devices: %q", links)
	}
	u, err := m.Host.Unit(t.Context(), "systemd-journald.service")
	if err != nil || !u.Active || u.MainPID == 0 {
		t.Errorf("journal: %+v, %v", u, err)
	}
}

func TestNetworks(t *testing.T) {
	m := Boot(t)
	ln, err := m.Listen("tcp", "127.0.0.1:7007")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "hello")
			c.Close()
		}
	}()
	if c, err := net.Dial("tcp", "127.0.0.1:7007"); err == nil {
		c.Close()
		t.Error("the machine's port is open on ours")
	}
	c, err := net.Dial("tcp", m.Forward(t, "127.0.0.1:7007"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if b, err := io.ReadAll(c); err != nil || string(b) != "hello" {
		t.Errorf("through the forward: %q, %v", b, err)
	}
}
