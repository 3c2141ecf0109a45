package terminal

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/panel/rest/resttest"
	"monitoring/storage"
)

// bench is the feature before an agent whose behaviour a test writes. TestTerminalOfARealNode in panel has a real one.
type bench struct {
	url, agent string
	svc        *Service
	mux        *http.ServeMux
	logOut     context.CancelFunc // ends every request, as the end of a session does
}

func (b *bench) Control(id int64, _ fleet.Need) (*api.Client, error) {
	if id != 1 {
		return nil, storage.ErrNotFound
	}
	return api.NewClient(b.agent, http.DefaultClient), nil
}

func start(t *testing.T) *bench {
	t.Helper()
	b := &bench{mux: http.NewServeMux()}
	agent := httptest.NewServer(b.mux)
	t.Cleanup(agent.Close)
	b.agent = agent.URL
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	b.svc = New(Options{Fleet: b, Log: log})
	session, logOut := context.WithCancel(t.Context())
	b.logOut = logOut
	var running sync.WaitGroup
	t.Cleanup(running.Wait) // a server that closes waits for no WebSocket, and the log ends with the test
	mux := rest.NewMux(func(_ rest.Role, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			running.Add(1)
			defer running.Done()
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			defer context.AfterFunc(session, cancel)()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}, log)
	mux.Mount("/p/{id}/system", rest.Only(rest.Session), b.svc.Routes)
	mux.Mount("/p/{id}/terminal", rest.Only(rest.Session), b.svc.TicketRoutes)
	mux.Mount("/terminal", rest.Only(rest.Session), b.svc.ShellRoutes)
	b.url = resttest.Listen(t, mux)
	return b
}

func (b *bench) post(t *testing.T, path, body string) (int, string) {
	t.Helper()
	return resttest.Call(t, http.MethodPost, b.url+path, body)
}

// events makes the agent answer every command with a stream.
func (b *bench) events(stream string) {
	b.mux.HandleFunc("POST "+api.PathExec+"/run", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, stream)
	})
}

// A node that belongs to somebody else sends only what we know to the browser, and one that breaks off is told as such.
func TestStreamOfAStranger(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.events("event: stdout\ndata: {\"line\":\"ok\"}\n\nevent: hello\ndata: {\"version\":\"x\"}\n\nevent: stderr\ndata: <script>\n\n" +
		"event: error\ndata: {\"message\":\"killed\"}\n\nevent: done\ndata: {\"exit_code\":-1}\n\n")
	status, got := b.post(t, "/p/1/system/execute-stream", `{"command":"x"}`)
	want := "event: stdout\ndata: {\"line\":\"ok\"}\n\nevent: error\ndata: {\"message\":\"killed\"}\n\nevent: done\ndata: {\"exit_code\":-1}\n\n"
	if got = strings.ReplaceAll(got, ": \n\n", ""); status != http.StatusOK || got != want {
		t.Errorf("%d %q, want %q", status, got, want)
	}

	b = start(t)
	b.mux.HandleFunc("POST "+api.PathExec+"/run", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "event: stdout\ndata: {\"line\":\"half\"}\n\n")
	})
	if status, got := b.post(t, "/p/1/system/execute-stream", `{"command":"x"}`); status != http.StatusOK || !strings.Contains(got, `"half"`) || !strings.Contains(got, "event: error\n") {
		t.Errorf("broken off: %d %q", status, got)
	}
	if status, got := b.post(t, "/p/1/system/execute", `{"command":"x"}`); status != http.StatusBadGateway {
		t.Errorf("broken off: %d %q", status, got)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	b := start(t)
	f := func(path, body string, wantStatus int, want string) {
		t.Helper()
		if status, got := b.post(t, path, body); status != wantStatus || !strings.Contains(got, want) {
			t.Errorf("%s %s: %d %s, want %d with %s", path, body, status, got, wantStatus, want)
		}
	}
	f("/p/1/system/execute", `{"command":""}`, 400, `"field":"command"`)
	f("/p/1/system/execute", `{"command":"ls","shell":"fish"}`, 400, `"field":"shell"`)
	f("/p/1/system/execute-stream", `{"command":"ls","timeout":-1}`, 400, `"field":"timeout"`)
	f("/p/1/system/execute", `{"command":"ls","extra":1}`, 400, "extra")
	f("/p/2/system/execute", `{"command":"ls"}`, 404, "")
	f("/p/2/terminal", `{"cols":80,"rows":24}`, 404, "")
	f("/p/1/system/execute", `{"command":"ls"}`, 409, "agent_outdated") // an agent without the capability has no such path
}

// A browser that goes away ends the command on the node.
func TestCommandIsCalledOff(t *testing.T) {
	t.Parallel()
	b := start(t)
	running, ended := make(chan struct{}), make(chan struct{})
	b.mux.HandleFunc("POST "+api.PathExec+"/run", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		close(running)
		<-r.Context().Done()
		close(ended)
	})
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/p/1/system/execute", strings.NewReader(`{"command":"sleep 500"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	go func() {
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
		}
	}()
	<-running
	leave()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Error("the command goes on")
	}
}

func TestTickets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		list := newTickets()
		add := func() string {
			name, ok := list.add(ticket{server: 1, expires: time.Now().Add(ticketLife)})
			if !ok {
				t.Fatal("no room")
			}
			return name
		}
		a, b := add(), add()
		if _, ok := list.take(a); !ok {
			t.Error("a new ticket is refused")
		}
		if _, ok := list.take(a); ok {
			t.Error("a ticket counts twice")
		}
		time.Sleep(ticketLife)
		if _, ok := list.take(b); ok {
			t.Error("an old ticket counts")
		}
		for range maxTickets {
			add()
		}
		if _, ok := list.add(ticket{expires: time.Now().Add(ticketLife)}); ok {
			t.Error("there is no bound")
		}
		time.Sleep(ticketLife + time.Second)
		add() // the old ones have made room
	})
}

// echoShell is a node whose shell shows what is typed and ends at "exit".
func (b *bench) echoShell(t *testing.T) {
	b.mux.HandleFunc("GET "+api.PathExec+"/terminal", func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		for {
			kind, data, err := conn.Read(t.Context())
			if err != nil {
				return
			}
			if string(data) == "exit" {
				_ = conn.Write(t.Context(), websocket.MessageText, []byte(`{"exit_code":5}`))
				_ = conn.Close(websocket.StatusNormalClosure, "")
				return
			}
			_ = conn.Write(t.Context(), kind, data)
		}
	})
}

func (b *bench) open(t *testing.T) *websocket.Conn {
	t.Helper()
	status, body := b.post(t, "/p/1/terminal", `{"cols":80,"rows":24}`)
	var made TicketResponse
	if err := json.Unmarshal([]byte(body), &made); status != http.StatusOK || err != nil {
		t.Fatalf("%d %s", status, body)
	}
	conn, resp, err := websocket.Dial(t.Context(), b.url+"/terminal/"+made.Ticket, nil)
	if err != nil {
		if resp != nil && resp.Body != nil {
			got, _ := io.ReadAll(resp.Body)
			t.Fatalf("%v: %s", err, got)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

func TestShell(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.echoShell(t)
	conn := b.open(t)
	say := func(kind websocket.MessageType, text string, wantKind websocket.MessageType, want string) {
		t.Helper()
		if err := conn.Write(t.Context(), kind, []byte(text)); err != nil {
			t.Fatal(err)
		}
		got, data, err := conn.Read(t.Context())
		if err != nil || got != wantKind || string(data) != want {
			t.Fatalf("%v %q, %v; want %q", got, data, err, want)
		}
	}
	say(websocket.MessageBinary, "ls\n", websocket.MessageBinary, "ls\n")
	say(websocket.MessageText, `{"cols":100,"rows":30}`, websocket.MessageText, `{"cols":100,"rows":30}`)
	say(websocket.MessageBinary, "exit", websocket.MessageText, `{"exit_code":5}`)
	if _, _, err := conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("after the end: %v", err)
	}
	// A message that is too large ends the shell and nothing else.
	conn = b.open(t)
	if err := conn.Write(t.Context(), websocket.MessageBinary, make([]byte, api.MaxFrame+1)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.Read(t.Context()); err == nil {
		t.Error("a message beyond the limit was passed on")
	}
}

// Who is logged out is told so, and types nothing more.
func TestShellEndsWithTheSession(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.echoShell(t)
	conn := b.open(t)
	if err := conn.Write(t.Context(), websocket.MessageBinary, []byte("ls\n")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.logOut()
	kind, data, err := conn.Read(t.Context())
	var end api.TerminalEnd
	if err != nil || kind != websocket.MessageText || json.Unmarshal(data, &end) != nil || !strings.Contains(end.Reason, "session") {
		t.Fatalf("%v %q, %v", kind, data, err)
	}
	_ = conn.Write(t.Context(), websocket.MessageBinary, []byte("rm\n")) // may fail: it is being closed
	if kind, data, err := conn.Read(t.Context()); err == nil {
		t.Errorf("after the end came %v %q", kind, data)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	p := &places{by: map[int64]int{}}
	for range maxOfServer {
		if !p.take(1) {
			t.Fatal("no place")
		}
	}
	if p.take(1) {
		t.Error("one server has too many")
	}
	for server := int64(2); p.all < maxShells; server++ {
		if !p.take(server) {
			t.Fatal("no place")
		}
	}
	if p.take(99) {
		t.Error("the panel has too many")
	}
	p.give(1)
	if !p.take(99) || p.by[1] != maxOfServer-1 {
		t.Errorf("a place that was given back is not there: %+v", p)
	}
}
