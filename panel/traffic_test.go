package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
)

// exchange moves size bytes from the panel's side of the cable to a port of the node, and as many back.
func (n *node) exchange(t *testing.T, port, size int) {
	t.Helper()
	address := fmt.Sprintf("10.77.0.2:%d", port)
	ln, err := n.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err := io.CopyN(io.Discard, conn, int64(size)); err == nil {
			_, _ = conn.Write(bytes.Repeat([]byte("y"), size)) // the other side sees what is missing
		}
	}()
	conn, err := n.far.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err = conn.Write(bytes.Repeat([]byte("x"), size)); err != nil {
		t.Fatal(err)
	}
	if got, err := io.Copy(io.Discard, conn); err != nil || got != int64(size) {
		t.Fatalf("%d of %d bytes came back, %v", got, size, err)
	}
}

// cable is what the kernel says of the node's end of the cable.
func (n *node) cable(t *testing.T) (rx, tx float64) {
	t.Helper()
	text := strings.Fields(n.Sh(t, "cat /sys/class/net/eth0/statistics/rx_bytes /sys/class/net/eth0/statistics/tx_bytes"))
	rx, err := strconv.ParseFloat(text[0], 64)
	if err == nil {
		tx, err = strconv.ParseFloat(text[1], 64)
	}
	if err != nil {
		t.Fatal(err)
	}
	return rx, tx
}

// TestTrafficOfARealNode sends known bytes over a cable, through a restart of the agent and a reset of the counters, and
// compares what the panel says with what the cable says, within 1 %.
func TestTrafficOfARealNode(t *testing.T) {
	t.Parallel()
	p := startPanel(t).login(t)
	p.must(t, "PUT", "/api/settings/metrics_collect_interval", map[string]string{"value": "5"}, nil)
	n := startNode(t, p)
	base := fmt.Sprintf("/api/proxy/%d/traffic", n.id)
	p.must(t, "POST", base+"/ports/add", map[string]int{"port": 443}, nil)
	p.must(t, "POST", base+"/ports/add", map[string]int{"port": 4430}, nil)

	type bytesOf struct {
		Port    int
		RxBytes float64 `json:"rx_bytes"`
		TxBytes float64 `json:"tx_bytes"`
	}
	type summary struct {
		Total   bytesOf
		ByPort  []bytesOf `json:"by_port"`
		Tracked []int     `json:"tracked_ports"`
	}
	// known is what the panel has received of port 443 and of all; a sample lies in it once it is there.
	known := func() (port, total bytesOf) {
		var s summary
		p.must(t, "GET", base+"/summary?days=1", nil, &s)
		for _, b := range s.ByPort {
			if b.Port == 443 {
				port = b
			}
		}
		return port, s.Total
	}
	values := func(query string) (v []string) {
		var answer struct {
			Data struct {
				Result []struct{ Value [2]any }
			}
		}
		p.must(t, "GET", "/prometheus/api/v1/query?query="+query, nil, &answer)
		for _, r := range answer.Data.Result {
			v = append(v, fmt.Sprint(r.Value[1]))
		}
		return v
	}
	eventually(t, "both ports are scraped twice", wait, func() bool {
		v := values(`count_over_time(agent_port_bytes_total%7Bdirection=%22rx%22%7D%5B10m%5D)`)
		return len(v) == 2 && v[0] >= "2" && v[1] >= "2"
	})
	rx0, tx0 := n.cable(t)
	_, total0 := known()

	const mb = 1 << 20
	seen := func(sent int) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d MB are in the database", sent/mb), wait, func() bool {
			port, _ := known()
			return port.RxBytes >= float64(sent) && port.TxBytes >= float64(sent)
		})
	}
	n.exchange(t, 443, 40*mb)
	seen(40 * mb)
	n.Sh(t, "pkill -KILL -x agent")
	n.exchange(t, 443, 20*mb) // while nobody looks
	n.run()
	seen(60 * mb)
	n.Sh(t, "pkill -KILL -x agent; nft flush ruleset") // as at a boot: the counters are gone, the list of ports is not
	n.run()
	eventually(t, "the ports are counted again", wait, func() bool { return strings.Contains(n.Sh(t, "nft list ruleset"), "443 counter") })
	n.exchange(t, 443, 30*mb) // less than before: a counter that overtakes its old value between two scrapes hides its reset
	seen(90 * mb)

	rx1, tx1 := n.cable(t)
	var port, total bytesOf
	eventually(t, "the last scrape is in", wait, func() bool {
		port, total = known()
		return total.RxBytes-total0.RxBytes >= (rx1-rx0)*0.999 && total.TxBytes-total0.TxBytes >= (tx1-tx0)*0.999
	})
	within := func(what string, got, want float64) {
		t.Helper()
		t.Logf("%s: panel %.0f, cable %.0f, off by %.3f %%", what, got, want, 100*(got-want)/want)
		if math.Abs(got-want) > want*0.01 {
			t.Errorf("%s: %.0f bytes, the cable says %.0f", what, got, want)
		}
	}
	within("received by eth0", total.RxBytes-total0.RxBytes, rx1-rx0)
	within("sent by eth0", total.TxBytes-total0.TxBytes, tx1-tx0)
	within("received at port 443", port.RxBytes, rx1-rx0)
	within("sent from port 443", port.TxBytes, tx1-tx0)

	var hourly struct {
		Rx float64 `json:"total_rx"`
	}
	p.must(t, "GET", base+"/hourly?hours=2&port=443", nil, &hourly)
	within("the hours of port 443", hourly.Rx, rx1-rx0)
	p.must(t, "POST", base+"/ports/remove", map[string]int{"port": 4430}, nil)
	var s summary
	p.must(t, "GET", base+"/summary?days=1", nil, &s)
	if len(s.Tracked) != 1 || s.Tracked[0] != 443 || len(s.ByPort) != 2 || s.ByPort[1].RxBytes != 0 {
		t.Errorf("after one was removed: %+v", s)
	}
}
