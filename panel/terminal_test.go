package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"monitoring/agent/api"
)

// TestTerminalOfARealNode runs commands and a shell through a real panel on a real agent, and finds them in the audit log.
func TestTerminalOfARealNode(t *testing.T) {
	t.Parallel()
	p := startPanel(t).login(t)
	n := startNode(t, p)
	base := fmt.Sprintf("/api/proxy/%d", n.id)
	var out api.Execution
	p.must(t, "POST", base+"/system/execute", map[string]any{"command": "echo $((6*7)); echo no >&2; exit 3"}, &out)
	if out.Stdout != "42\n" || out.Stderr != "no\n" || out.ExitCode != 3 || out.Success || out.Error != nil {
		t.Errorf("%+v", out)
	}
	status, body := p.call(t, "POST", base+"/system/execute-stream", map[string]any{"command": "echo streamed", "shell": "bash", "timeout": 5})
	if want := "event: stdout\ndata: {\"line\":\"streamed\"}\n\nevent: done\n"; status != http.StatusOK || !strings.Contains(string(body), want) {
		t.Errorf("stream: %d %s", status, body)
	}
	if status, body := p.call(t, "POST", base+"/system/execute", map[string]any{"command": "ls", "timeout": 601}); status != http.StatusBadRequest || !strings.Contains(string(body), `"field":"timeout"`) {
		t.Errorf("%d %s", status, body)
	}
	p.shell(t, base)

	var audit struct {
		Entries []struct{ Target, Detail string }
	}
	p.must(t, "GET", "/api/audit", nil, &audit)
	noted := fmt.Sprint(audit.Entries)
	for _, want := range []string{"echo $((6*7))", "echo streamed", "open a shell"} {
		if !strings.Contains(noted, want) {
			t.Errorf("the audit log lacks %q: %s", want, noted)
		}
	}
}

// shell opens an interactive shell, types, and sees it end with the session.
func (p *testPanel) shell(t *testing.T, base string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	open := func(ticket string, header http.Header) (*websocket.Conn, error) {
		conn, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(p.base, "http")+"/"+p.uid+"/api/terminal/"+ticket, &websocket.DialOptions{HTTPHeader: header})
		if err != nil && resp != nil && resp.Body != nil {
			resp.Body.Close()
		}
		return conn, err
	}
	signedIn := http.Header{"Authorization": {"Bearer " + p.token}}
	var ticket struct{ Ticket string }
	p.must(t, "POST", base+"/terminal", map[string]int{"cols": 90, "rows": 25}, &ticket)
	if conn, err := open(ticket.Ticket, nil); err == nil {
		_ = conn.CloseNow()
		t.Fatal("a stranger with a ticket got a shell")
	}
	if conn, err := open(ticket.Ticket, http.Header{"Authorization": signedIn["Authorization"], "Origin": {"https://elsewhere.example"}}); err == nil {
		_ = conn.CloseNow()
		t.Fatal("another site got a shell")
	}
	p.must(t, "POST", base+"/terminal", map[string]int{"cols": 90, "rows": 25}, &ticket) // the last one is used up
	conn, err := open(ticket.Ticket, signedIn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if again, err := open(ticket.Ticket, signedIn); err == nil {
		_ = again.CloseNow()
		t.Error("a ticket opened two shells")
	}
	if err := conn.Write(ctx, websocket.MessageBinary, []byte("stty size\n")); err != nil {
		t.Fatal(err)
	}
	shown := ""
	for !strings.Contains(shown, "25 90") {
		_, data, err := conn.Read(ctx)
		if err != nil {
			t.Fatalf("%v; shown: %q", err, shown)
		}
		shown += string(data)
	}
	p.must(t, "POST", "/api/auth/logout", nil, nil)
	for {
		kind, data, err := conn.Read(ctx)
		if err != nil {
			if ctx.Err() != nil {
				t.Error("the shell outlived its session")
			}
			break
		}
		var end api.TerminalEnd
		if kind == websocket.MessageText && (json.Unmarshal(data, &end) != nil || end.Reason == "") {
			t.Errorf("the shell ended with %s", data)
		}
	}
	p.login(t)
}
