package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"monitoring/agent/api"
	"monitoring/agent/host"
)

// shellServer serves terminals as agent/server does, without its TLS.
func shellServer(t *testing.T) (*Exec, *api.Client) {
	t.Helper()
	x := NewExec(testOptions(t, host.Here()))
	return x, serveShells(t, func(w http.ResponseWriter, r *http.Request) {
		var refused *api.Failure
		if err := x.terminal(w, r); errors.As(err, &refused) {
			w.WriteHeader(refused.Status())
			_ = json.NewEncoder(w).Encode(refused)
		}
	})
}

func serveShells(t *testing.T, h http.HandlerFunc) *api.Client {
	t.Helper()
	var running sync.WaitGroup
	t.Cleanup(running.Wait) // a server that closes waits for no WebSocket, and the log ends with the test
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+api.PathExec+"/terminal", func(w http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Done()
		h(w, r)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return api.NewClient(srv.URL, http.DefaultClient)
}

// screen is a terminal and what it has shown so far.
type screen struct {
	*websocket.Conn
	t     *testing.T
	ctx   context.Context
	shown string
	read  int // how much of it the test has waited for
	end   *api.TerminalEnd
}

func openScreen(t *testing.T, c *api.Client) *screen {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	conn, err := c.Terminal(ctx, api.TerminalSize{Cols: 100, Rows: 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &screen{Conn: conn, t: t, ctx: ctx}
}

func (s *screen) types(text string) {
	s.t.Helper()
	if err := s.Write(s.ctx, websocket.MessageBinary, []byte(text)); err != nil {
		s.t.Fatal(err)
	}
}

// until reads until the screen has shown text after what was waited for before, or the shell has ended when text is "".
func (s *screen) until(text string) {
	s.t.Helper()
	for text == "" || !strings.Contains(s.shown[s.read:], text) {
		kind, data, err := s.Read(s.ctx)
		if err != nil {
			s.t.Fatalf("waiting for %q: %v; shown: %q", text, err, s.shown)
		}
		if kind == websocket.MessageText {
			s.end = &api.TerminalEnd{}
			if err := json.Unmarshal(data, s.end); err != nil {
				s.t.Fatal(err)
			}
			if text == "" {
				return
			}
			s.t.Fatalf("the shell ended before it showed %q: %+v; shown: %q", text, *s.end, s.shown)
		}
		s.shown += string(data)
	}
	s.read += strings.Index(s.shown[s.read:], text) + len(text)
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	_, client := shellServer(t)
	s := openScreen(t, client)
	s.types("stty size; tty; echo user-$(id -un)\n")
	s.until("30 100")
	s.until("user-root")
	if err := s.Write(s.ctx, websocket.MessageText, []byte(`{"cols":120,"rows":40}`)); err != nil {
		t.Fatal(err)
	}
	s.types("stty size; PS1=re''ady-\n") // the echo of the command is no prompt
	s.until("40 120")
	s.until("ready-")
	s.types("cat -E\nechoed\n") // it shows a $ at the end of a line
	s.until("echoed$")
	s.types("\x03") // the terminal's own interrupt reaches the program in the foreground
	s.until("ready-")
	s.types("exit 3\n")
	s.until("")
	if s.end.ExitCode != 3 || s.end.Reason != "" {
		t.Errorf("%+v", *s.end)
	}
}

// However soon a shell ends, and whatever it shows meanwhile, the panel gets to know how.
func TestTerminalTellsItsEnd(t *testing.T) {
	t.Parallel()
	x, client := shellServer(t)
	for code := range 8 {
		s := openScreen(t, client)
		s.types(fmt.Sprintf("seq 200; exit %d\n", code))
		s.until("")
		if s.end.ExitCode != code || s.end.Reason != "" {
			t.Errorf("exit %d: %+v", code, *s.end)
		}
		_ = s.Close(websocket.StatusNormalClosure, "")
		eventually(t, "its place is free", func() bool { return len(x.shell) == 0 })
	}
}

// A shell whose time is over says so before it hangs up.
func TestTerminalTimeIsOver(t *testing.T) {
	t.Parallel()
	x := NewExec(testOptions(t, host.Here()))
	life, over := context.WithCancel(t.Context())
	s := openScreen(t, serveShells(t, func(w http.ResponseWriter, r *http.Request) { _ = x.terminal(w, r.WithContext(life)) }))
	s.types("echo started-$((1+1))\n")
	s.until("started-2")
	over()
	s.until("")
	if s.end.ExitCode != -1 || s.end.Reason != "its time is over" {
		t.Errorf("%+v", *s.end)
	}
}

// A panel that hangs up takes the shell with it, and what runs in it.
func TestTerminalHangsUp(t *testing.T) {
	t.Parallel()
	x, client := shellServer(t)
	s := openScreen(t, client)
	s.types("sleep 300 & echo pid-$!-end; wait\n")
	s.until("-end\r\n")
	_, rest, _ := strings.Cut(s.shown[strings.LastIndex(s.shown, "\r\npid-"):], "pid-")
	pid := 0
	for _, c := range rest[:strings.Index(rest, "-")] {
		pid = pid*10 + int(c-'0')
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("process %d: %v", pid, err)
	}
	_ = s.CloseNow()
	eventually(t, "the program in the shell is gone", func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) })
	eventually(t, "its place is free", func() bool { return len(x.shell) == 0 })
}

func TestTerminalRefusals(t *testing.T) {
	t.Parallel()
	x, client := shellServer(t)
	f := func(size api.TerminalSize, wantCode string) {
		t.Helper()
		conn, err := client.Terminal(t.Context(), size)
		var status *api.StatusError
		if !errors.As(err, &status) || status.Failure.Code != wantCode {
			t.Errorf("%+v: %v, %v", size, conn, err)
		}
	}
	f(api.TerminalSize{Cols: 0, Rows: 10}, api.CodeInvalid)
	f(api.TerminalSize{Cols: 10, Rows: maxCols + 1}, api.CodeInvalid)
	for range maxShells {
		x.shell <- struct{}{}
	}
	f(api.TerminalSize{Cols: 80, Rows: 24}, api.CodeBusy)
	for range maxShells {
		<-x.shell
	}
	s := openScreen(t, client)
	if err := s.Write(s.ctx, websocket.MessageText, []byte(`{"cols":0}`)); err != nil {
		t.Fatal(err)
	}
	s.until("")
	if s.end.ExitCode != -1 || !strings.Contains(s.end.Reason, "no window size") {
		t.Errorf("%+v", *s.end)
	}
}
