package fleet

import (
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"monitoring/agent/api"
)

// proxy stands between panel and agent and cuts the first connection after so many bytes of one direction.
type proxy struct {
	target       string
	toAgent      int64 // budget in bytes of the first connection; negative: unlimited
	toPanel      int64
	conns        atomic.Int64
	sent, gotten atomic.Int64 // bytes of the first connection
}

func (p *proxy) run(ln net.Listener) {
	for {
		panel, err := ln.Accept()
		if err != nil {
			return
		}
		agent, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = panel.Close()
			continue
		}
		up, down := int64(-1), int64(-1)
		first := p.conns.Add(1) == 1
		if first {
			up, down = p.toAgent, p.toPanel
		}
		copyThen := func(dst, src net.Conn, budget int64, count *atomic.Int64) {
			defer dst.Close()
			defer src.Close()
			var r io.Reader = src
			if budget >= 0 {
				r = io.LimitReader(src, budget)
			}
			n, _ := io.Copy(dst, r)
			if first {
				count.Add(n)
			}
		}
		go copyThen(agent, panel, up, &p.sent)
		go copyThen(panel, agent, down, &p.gotten)
	}
}

// TestCutAnywhere cuts the first connection of an enrolment after any number of bytes, either way. However far it got,
// later tries join the agent, with one key, and the token is used up.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	run := func(t *testing.T, toAgent, toPanel int64) *proxy {
		agentLn, proxyLn := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
		c, err := b.Create(t.Context(), CreateServerRequest{Name: "cut", URL: proxyLn.Addr().String()})
		if err != nil {
			t.Fatal(err)
		}
		p := &proxy{target: agentLn.Addr().String(), toAgent: toAgent, toPanel: toPanel}
		go p.run(proxyLn)
		a := runAgent(t, t.TempDir(), c.Install.Token, agentLn)
		id := c.Server.ID
		for try := 0; ; try++ {
			if _, err = b.ask(t, id); err == nil {
				break
			}
			if try == 3 {
				t.Fatalf("cut after %d, %d bytes: still not joined: %v", toAgent, toPanel, err)
			}
		}
		if !a.Joined() || !b.joined(id) {
			t.Errorf("cut after %d, %d bytes: agent joined %v, panel %v", toAgent, toPanel, a.Joined(), b.joined(id))
		}
		if _, lasting, _ := b.certificates(t, id); lasting != 1 {
			t.Errorf("cut after %d, %d bytes: %d lasting certificates, want 1", toAgent, toPanel, lasting)
		}
		a.stop()
		if err := b.Delete(t.Context(), id); err != nil { // the port may come again
			t.Fatal(err)
		}
		return p
	}
	whole := run(t, -1, -1)
	sent, gotten := whole.sent.Load(), whole.gotten.Load()
	if sent < 1000 || gotten < 1000 {
		t.Fatalf("an enrolment takes %d and %d bytes: that cannot be all", sent, gotten)
	}
	const steps = 24
	for i := range int64(steps) {
		run(t, sent*i/steps, -1)
		run(t, -1, gotten*i/steps)
	}
	run(t, -1, gotten-1) // all of the agent's answers but the last byte
}

// TestRestartsDuringEnrolment: either side may be restarted after each step of an enrolment.
func TestRestartsDuringEnrolment(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for step := 1; step <= 3; step++ {
		c, ln := b.add(t, fmt.Sprint("step ", step))
		id, address, dir := c.Server.ID, ln.Addr().String(), t.TempDir()
		a := runAgent(t, dir, c.Install.Token, ln)
		n := b.node(id)
		conn, err := b.connect(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		client := clientOver(conn, n)
		req, err := client.EnrolCSR(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if step >= 2 {
			text, err := b.sign(t.Context(), n, conn.leaf, req.CSR)
			if err != nil {
				t.Fatal(err)
			}
			if step >= 3 {
				if err := client.EnrolAccept(t.Context(), api.Certificate{Certificate: text}); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = conn.Close()
		a.stop()
		b.restart(t)
		again := runAgent(t, dir, c.Install.Token, listen(t, address))
		b.version(t, id)
		if !again.Joined() || !b.joined(id) {
			t.Errorf("restarted after step %d: agent joined %v, panel %v", step, again.Joined(), b.joined(id))
		}
	}
}
