package events

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"monitoring/agent/api"
	"monitoring/panel/rest"
	"monitoring/storage"
)

// fleetStub is a fleet of the servers 1 to 9.
type fleetStub struct{ changes chan struct{} }

func (f *fleetStub) Server(id int64) (storage.Server, error) {
	if id < 1 || id > 9 {
		return storage.Server{}, storage.ErrNotFound
	}
	return storage.Server{ID: id, IsActive: true}, nil
}

func (f *fleetStub) Subscribe() (<-chan struct{}, func()) { return f.changes, func() {} }

func testHub(t testing.TB) (*Hub, *fleetStub) {
	t.Helper()
	f := &fleetStub{changes: make(chan struct{}, 1)}
	h := newHub(Options{Log: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Version: "0.1.0"}, f)
	h.SetLast(func(id int64) (api.Metrics, time.Time, bool) {
		return api.Metrics{Processes: api.ProcessStats{Total: int(id)}}, time.Now(), true
	})
	return h, f
}

// tab is the response writer of a browser tab, whose reader may stop reading.
type tab struct {
	mu      sync.Mutex
	text    strings.Builder
	blocked chan struct{} // writes wait for it; nil for a tab that reads
}

func (b *tab) Header() http.Header              { return http.Header{} }
func (b *tab) WriteHeader(int)                  {}
func (b *tab) Flush()                           {}
func (b *tab) SetWriteDeadline(time.Time) error { return nil }
func (b *tab) Write(p []byte) (int, error) {
	if b.blocked != nil && strings.HasPrefix(string(p), "event: live") {
		<-b.blocked
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// events returns what the tab received after the opening comment, one "name data" per event and ":" per heartbeat.
func (b *tab) events() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, block := range strings.Split(strings.TrimSuffix(b.text.String(), "\n\n"), "\n\n")[1:] {
		block = strings.TrimPrefix(block, "event: ")
		out = append(out, strings.TrimSpace(strings.Replace(block, "\ndata: ", " ", 1)))
	}
	return out
}

// open opens a stream in the background and returns when its greeting is out. stop ends its request; ended is closed
// when the handler has returned.
func open(t testing.TB, h *Hub, b *tab) (stop func(), ended <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/events", nil)
	go func() {
		defer close(done)
		if err := h.stream(b, r); err != nil {
			t.Errorf("stream: %v", err)
		}
	}()
	synctest.Wait()
	return cancel, done
}

// run starts the hub's loop for the rest of a bubble.
func run(t testing.TB, h *Hub) {
	t.Helper()
	go func() {
		if err := h.Run(t.Context()); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
}

func TestStreamHelloBatchesAndHeartbeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, f := testHub(t)
		run(t, h)
		b := &tab{}
		stop, ended := open(t, h, b)
		for _, id := range []int64{5, 2, 5, 99} { // 99 was deleted
			h.Live(id)
		}
		f.changes <- struct{}{}
		time.Sleep(10 * time.Second)
		got := b.events()
		if want := `hello {"at":946684800000,"version":"0.1.0"}`; got[0] != want {
			t.Errorf("first event %q, want %q", got[0], want)
		}
		if len(got) != 3 || got[1] != "fleet {}" {
			t.Fatalf("got %q, want hello, fleet and one batch", got)
		}
		if ids := batchIDs(t, got[2]); !slices.Equal(ids, []int64{2, 5}) {
			t.Errorf("the batch has %v, want each changed server once: 2 and 5", ids)
		}

		time.Sleep(32 * time.Second) // the last event came at 1 s
		if got := b.events()[3:]; !slices.Equal(got, []string{":", ":"}) {
			t.Errorf("in 41 s of silence came %q, want two heartbeats", got)
		}
		stop()
		<-ended
		if n := testutil.ToFloat64(h.metrics.streams); n != 0 {
			t.Errorf("%v streams are open after their request ended", n)
		}
	})
}

func TestOneBatchPerSecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := testHub(t)
		run(t, h)
		tabs := []*tab{{}, {}}
		for _, b := range tabs {
			open(t, h, b)
		}
		for i := range 1000 { // a fleet of nine that is scraped a hundred times a second
			h.Live(int64(i%9 + 1))
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		for _, b := range tabs {
			got := b.events()[1:]
			if len(got) < 9 || len(got) > 10 {
				t.Errorf("%d batches in 10 s, want one a second", len(got))
			}
			if ids := batchIDs(t, got[0]); len(ids) != 9 {
				t.Errorf("the first batch has %v, want all nine servers", ids)
			}
		}
	})
}

func batchIDs(t testing.TB, event string) []int64 {
	t.Helper()
	data, ok := strings.CutPrefix(event, "live ")
	var batch LiveBatch
	if err := json.Unmarshal([]byte(data), &batch); err != nil || !ok {
		t.Fatalf("%q is no batch: %v", event, err)
	}
	var ids []int64
	for _, s := range batch.Servers {
		if s.Processes != int(s.ID) {
			t.Errorf("server %d carries the values of %d", s.ID, s.Processes)
		}
		ids = append(ids, s.ID)
	}
	return ids
}

func TestSlowReaderIsDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := testHub(t)
		run(t, h)
		slow, quick := &tab{blocked: make(chan struct{})}, &tab{}
		_, slowEnded := open(t, h, slow)
		open(t, h, quick)
		time.Sleep(batchInterval / 2) // between two batches
		const seconds = queueLength + 5
		for range seconds {
			h.Live(1)
			time.Sleep(batchInterval)
		}
		synctest.Wait()
		if n := testutil.ToFloat64(h.metrics.dropped); n != 1 {
			t.Errorf("%v streams were dropped, want the slow one", n)
		}
		if n := testutil.ToFloat64(h.metrics.streams); n != 1 {
			t.Errorf("%v streams are open, want the quick one", n)
		}
		if got := len(quick.events()) - 1; got != seconds {
			t.Errorf("the quick reader got %d batches, want %d", got, seconds)
		}
		close(slow.blocked)
		synctest.Wait()
		select {
		case <-slowEnded:
		default:
			t.Error("the request of the slow reader goes on")
		}
	})
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := testHub(t)
		run(t, h)
		h.Live(1)
		time.Sleep(5 * time.Second)
		b := &tab{}
		open(t, h, b)
		time.Sleep(5 * time.Second)
		if got := b.events(); len(got) != 1 {
			t.Errorf("a new stream got %q, want hello only", got)
		}
	})
}

func TestTooManyStreams(t *testing.T) {
	t.Parallel()
	h, _ := testHub(t)
	for i := range maxStreams {
		if _, err := h.subscribe(i < maxOfTokens); err != nil {
			t.Fatal(err)
		}
		if i == maxOfTokens {
			if _, err := h.subscribe(true); err == nil {
				t.Error("a program takes the streams of people")
			}
		}
	}
	srv := serve(t, h)
	resp, err := srv.Client().Get(srv.URL + "/api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body rest.Error
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusServiceUnavailable || body.Code != "too_many_streams" {
		t.Errorf("stream %d was answered %d %q", maxStreams+1, resp.StatusCode, body.Code)
	}
	if n := testutil.ToFloat64(h.metrics.refused); n != 2 {
		t.Errorf("refused counter is %v", n)
	}
}

// serve mounts the hub as the panel does.
func serve(t testing.TB, h *Hub) *httptest.Server {
	t.Helper()
	guard := func(_ rest.Role, next http.Handler) http.Handler { return next }
	mux := rest.NewMux(guard, slog.New(slog.DiscardHandler))
	mux.Mount("/api/events", rest.Only(rest.FleetRead), h.Routes)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv
}

func TestStreamOverHTTP(t *testing.T) {
	t.Parallel()
	h, _ := testHub(t)
	srv := serve(t, h)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if ct := resp.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Errorf("content type %q", ct)
	}
	lines := bufio.NewScanner(resp.Body)
	next := func() string {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("the stream ended: %v", lines.Err())
		}
		return lines.Text()
	}
	for next() != "event: hello" { // after the opening comment
	}
	next()
	next()
	h.Live(4)
	if err := h.RunOnce(ctx); err != nil {
		t.Fatal(err)
	}
	if got := next(); got != "event: live" {
		t.Fatalf("got %q, want a live event", got)
	}
	if ids := batchIDs(t, "live "+strings.TrimPrefix(next(), "data: ")); !slices.Equal(ids, []int64{4}) {
		t.Errorf("batch of %v", ids)
	}
}
