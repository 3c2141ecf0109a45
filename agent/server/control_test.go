package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/control"
)

// fakeSubsystem is a subsystem whose actions a test writes.
type fakeSubsystem struct{ actions []control.Action }

func (f *fakeSubsystem) Name() string   { return "thing" }
func (f *fakeSubsystem) Domain() string { return api.DomainHAProxy }
func (f *fakeSubsystem) Inspect(context.Context) (any, error) {
	return map[string]string{"state": "fine"}, nil
}
func (f *fakeSubsystem) Actions() []control.Action { return f.actions }
func (f *fakeSubsystem) Run(context.Context) error { return nil }

// controlled is a running agent with a subsystem.
type controlled struct {
	*testAgent
	t   *testing.T
	log *bytes.Buffer
	mu  sync.Mutex
}

func (c *controlled) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.Write(p)
}

func startControlled(t *testing.T, allow string, actions ...control.Action) *controlled {
	t.Helper()
	c := &controlled{t: t, log: &bytes.Buffer{}}
	ca, dir := newTestCA(t), t.TempDir()
	o := options(t, dir, ca.token(t, testID))
	o.Log = slog.New(slog.NewTextHandler(c, nil))
	o.Control = []control.Subsystem{&fakeSubsystem{actions}}
	var err error
	if o.Allow, err = ParseAllow(allow); err != nil {
		t.Fatal(err)
	}
	c.testAgent = startAgentWith(t, ca, o)
	return c
}

// do sends a request of the panel's and returns the status and the body.
func (c *controlled) do(ctx context.Context, method, path, body string) (int, string, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: c.tlsConfig(c.ca.panel(c.t))}}
	req, err := http.NewRequestWithContext(ctx, method, "https://"+c.addr+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

func echo(_ context.Context, c control.Call) (any, error) {
	return map[string]string{"name": c.Param("name"), "q": c.Query.Get("q"), "body": string(c.Body)}, nil
}

func TestActionsAreMounted(t *testing.T) {
	t.Parallel()
	c := startControlled(t, "haproxy:rw",
		control.Action{Method: "GET", Path: "/items/{name}", Do: echo},
		control.Action{Method: "PUT", Path: "/items/{name}", Do: echo},
		control.Action{Method: "POST", Path: "/small", MaxBody: 5, Do: echo})
	f := func(method, path, body string, wantStatus int, want string) {
		t.Helper()
		status, got, err := c.do(t.Context(), method, path, body)
		if err != nil || status != wantStatus || !strings.Contains(got, want) {
			t.Errorf("%s %s: %d %s, %v; want %d with %s", method, path, status, got, err, wantStatus, want)
		}
	}
	f("GET", "/v1/thing", "", 200, `{"state":"fine"}`)
	f("GET", "/v1/thing/items/a%20b?q=1", "not read", 200, `{"body":"","name":"a b","q":"1"}`)
	f("PUT", "/v1/thing/items/x", "{}", 200, `{"body":"{}","name":"x","q":""}`)
	f("POST", "/v1/thing/small", "12345", 200, `"body":"12345"`)
	f("POST", "/v1/thing/small", "123456", 400, `"code":"invalid"`)
	f("DELETE", "/v1/thing/items/x", "", 404, "does not know")
	v, err := c.client(c.ca.panel(t)).Version(t.Context())
	if err != nil || !v.Can("thing") {
		t.Errorf("capabilities %v, %v", v.Capabilities, err)
	}
}

func TestFailuresHaveCodes(t *testing.T) {
	t.Parallel()
	f := func(err error, wantStatus int, want api.Failure) {
		t.Helper()
		c := startControlled(t, "full", control.Action{Method: "POST", Path: "/x", Do: func(context.Context, control.Call) (any, error) { return nil, err }})
		status, body, callErr := c.do(t.Context(), "POST", "/v1/thing/x", "")
		var got api.Failure
		if callErr != nil || status != wantStatus || json.Unmarshal([]byte(body), &got) != nil || got != want {
			t.Errorf("%v: %d %s, %v", err, status, body, callErr)
		}
	}
	f(&api.Failure{Code: api.CodeInvalid, Field: "port", Detail: "port is no port"}, 400, api.Failure{Code: "invalid", Field: "port", Detail: "port is no port"})
	f(fmt.Errorf("add rule: %w", &api.Failure{Code: api.CodeRefused, Detail: "no", Log: "[ALERT]"}), 422, api.Failure{Code: "refused", Detail: "no", Log: "[ALERT]"})
	f(errors.New("disk full"), 500, api.Failure{Code: "failed", Detail: "disk full"})
	long := strings.Repeat("x", 1000)
	f(errors.New(long), 500, api.Failure{Code: "failed", Detail: long[:maxDetail], Log: long + "\n"})
}

// What the owner closed is closed, whatever the path; what is open for looking cannot be changed.
func TestTheOwnerDecides(t *testing.T) {
	t.Parallel()
	f := func(allow string, look, change int) {
		t.Helper()
		c := startControlled(t, allow, control.Action{Method: "POST", Path: "/x", Do: echo}, control.Action{Method: "GET", Path: "/x", Do: echo})
		for method, want := range map[string]int{"GET": look, "POST": change} {
			status, body, err := c.do(t.Context(), method, "/v1/thing/x", "")
			if err != nil || status != want || (status == 403) != strings.Contains(body, `"code":"restricted"`) {
				t.Errorf("%s: %s: %d %s, %v", allow, method, status, body, err)
			}
		}
		if v, err := c.client(c.ca.panel(t)).Version(t.Context()); err != nil || v.Can("thing") != (look == 200) {
			t.Errorf("%s: capabilities %v, %v", allow, v.Capabilities, err)
		}
	}
	f("monitor", 403, 403)
	f("haproxy:ro", 200, 403)
	f("haproxy:rw", 200, 200)
	f("firewall:rw", 403, 403)
}

// Changes of one subsystem wait for each other; looking does not wait.
func TestChangesTakeTurns(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	slow := func(context.Context, control.Call) (any, error) {
		entered <- struct{}{}
		<-leave
		return "done", nil
	}
	c := startControlled(t, "full",
		control.Action{Method: "POST", Path: "/slow", Do: slow},
		control.Action{Method: "POST", Path: "/quick", Timeout: 100 * time.Millisecond, Do: echo},
		control.Action{Method: "POST", Path: "/beside", Concurrent: true, Do: echo})
	results := make(chan int, 2)
	for range 2 {
		go func() {
			status, _, _ := c.do(context.Background(), "POST", "/v1/thing/slow", "")
			results <- status
		}()
	}
	<-entered
	for path, want := range map[string]int{"/quick": 503, "/beside": 200} {
		if status, body, err := c.do(t.Context(), "POST", "/v1/thing"+path, ""); err != nil || status != want {
			t.Errorf("%s while a change is being made: %d %s, %v", path, status, body, err)
		}
	}
	if status, _, err := c.do(t.Context(), "GET", "/v1/thing", ""); err != nil || status != 200 {
		t.Errorf("looking while a change is being made: %d, %v", status, err)
	}
	leave <- struct{}{}
	<-entered // only now
	leave <- struct{}{}
	for range 2 {
		if status := <-results; status != 200 {
			t.Errorf("a change that waited its turn: %d", status)
		}
	}
}

// A panel that hangs up does not leave half a change behind, and the node's log has it.
func TestChangesEndAlthoughThePanelHangsUp(t *testing.T) {
	t.Parallel()
	entered, called, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	c := startControlled(t, "full", control.Action{Method: "POST", Path: "/x/{name}", Do: func(ctx context.Context, _ control.Call) (any, error) {
		close(entered)
		<-called
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond): // what a cancelled context would have taken to arrive
		}
		ended <- ctx.Err()
		return "done", nil
	}})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-entered
		cancel()
	}()
	if _, _, err := c.do(ctx, "POST", "/v1/thing/x/name-1", ""); err == nil {
		t.Fatal("the panel did not hang up")
	}
	close(called)
	if err := <-ended; err != nil {
		t.Errorf("the change was called off: %v", err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		c.mu.Lock()
		log := c.log.String()
		c.mu.Unlock()
		if strings.Contains(log, `msg=change subsystem=thing action="POST /v1/thing/x/name-1"`) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the log lacks the change:\n%s", log)
		}
	}
}

// A stream ends when the panel hangs up.
func TestStreams(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	c := startControlled(t, "full",
		control.Action{Method: "POST", Path: "/three", Stream: func(_ context.Context, _ control.Call, send func(string, any) error) error {
			for i := range 3 {
				if err := send("line", i); err != nil {
					return err
				}
			}
			return nil
		}},
		control.Action{Method: "POST", Path: "/refused", Stream: func(context.Context, control.Call, func(string, any) error) error {
			return &api.Failure{Code: api.CodeInvalid, Detail: "no"}
		}},
		control.Action{Method: "POST", Path: "/endless", Stream: func(ctx context.Context, _ control.Call, send func(string, any) error) error {
			if err := send("line", "first"); err != nil {
				return err
			}
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}})
	status, body, err := c.do(t.Context(), "POST", "/v1/thing/three", "")
	if want := "event: line\ndata: 0\n\nevent: line\ndata: 1\n\nevent: line\ndata: 2\n\n"; err != nil || status != 200 || body != want {
		t.Errorf("stream: %d %q, %v", status, body, err)
	}
	if status, body, err := c.do(t.Context(), "POST", "/v1/thing/refused", ""); err != nil || status != 400 || !strings.Contains(body, `"invalid"`) {
		t.Errorf("a refusal before the first event: %d %q, %v", status, body, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), "POST", "https://"+c.addr+"/v1/thing/endless", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: c.tlsConfig(c.ca.panel(t))}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := resp.Body.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the stream ended with %v", err)
	}
}
