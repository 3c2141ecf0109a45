package server

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"monitoring/agent/control"
)

// TestCaller: a subsystem learns who asks, where, and how old the connection is, which a firewall's confirmation stands on.
func TestCaller(t *testing.T) {
	t.Parallel()
	who := control.Action{Method: http.MethodPost, Path: "/who", Do: func(_ context.Context, c control.Call) (any, error) { return c.From, nil }}
	c := startControlled(t, "full", who)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: c.tlsConfig(c.ca.panel(t))}} // keeps its connection
	defer client.CloseIdleConnections()
	ask := func() control.Caller {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+c.addr+"/v1/thing/who", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var from control.Caller
		if err := json.NewDecoder(resp.Body).Decode(&from); err != nil {
			t.Fatal(err)
		}
		return from
	}
	before := time.Now()
	first := ask()
	if first.Local.String() != c.addr || first.Addr.String() != "127.0.0.1" || first.Opened.Before(before) {
		t.Errorf("caller %+v, opened before %s", first, before)
	}
	if second := ask(); !second.Opened.Equal(first.Opened) {
		t.Errorf("a second request on the same connection: opened at %s, not %s", second.Opened, first.Opened)
	}
	client.CloseIdleConnections()
	if third := ask(); !third.Opened.After(first.Opened) {
		t.Errorf("a new connection is not younger: %s", third.Opened)
	}
}
