package fleet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/storage"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	f := func(err error, text string, code int) {
		t.Helper()
		wrapped := &url.Error{Op: "Get", URL: "https://x", Err: err}
		gotText, gotCode := Classify(wrapped)
		if !strings.HasPrefix(gotText.English, text) || gotCode != code {
			t.Errorf("%v: %q/%d, want %q/%d", err, gotText, gotCode, text, code)
		}
	}
	dial := func(stage string, err error) error { return &DialError{stage, &net.OpError{Op: "dial", Err: err}} }
	f(context.DeadlineExceeded, "Connection timeout", 504)
	f(dial(StageTCP, os.ErrDeadlineExceeded), "Connection timeout", 504)
	f(&DialError{StageTLS, context.DeadlineExceeded}, "Connection timeout", 504)
	f(&DialError{StageDNS, &net.DNSError{IsTimeout: true}}, "Connection timeout", 504)
	f(dial(StageTCP, syscall.ECONNREFUSED), "Connection refused", 502)
	f(&DialError{StageIdentity, errRevoked}, "SSL certificate error", 495)
	f(&DialError{StageTLS, tls.RecordHeaderError{}}, "SSL certificate error", 495)
	f(&DialError{StageTLS, io.EOF}, "SSL certificate error", 495)
	f(&api.StatusError{Code: 401}, "Authentication failed", 401)
	f(&api.StatusError{Code: 403, Detail: "closed"}, "Authentication failed", 403)
	f(&api.StatusError{Code: 500}, "Server error: HTTP 500", 500)
	f(&api.StatusError{Code: 302}, "Server error: HTTP 302", 302)
	f(dial(StageTCP, syscall.EHOSTUNREACH), "Unknown error: there is no route", 500)
	f(&DialError{StageDNS, &net.DNSError{IsNotFound: true, Name: "x.invalid"}}, "Unknown error: DNS knows no address for x.invalid", 500)
	f(io.EOF, "Unknown error: the agent closed the connection", 500)
	f(errors.New(strings.Repeat("я", 2000)), "Unknown error: ", 500)
	if text, _ := Classify(errors.New(strings.Repeat("я", 2000))); len([]rune(text.English)) > storage.MaxLastError {
		t.Errorf("%d characters do not fit the record", len([]rune(text.English)))
	}
	if text, code := Classify(nil); text.English != "" || code != 0 {
		t.Errorf("no error: %q/%d", text, code)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c, _ := b.add(t, "alpha")
	id := c.Server.ID
	at := time.Now().UTC().Truncate(time.Millisecond)
	check := func(what, status string, seen *time.Time, text string, code int) {
		t.Helper()
		for stored := range 2 {
			srv, err := b.Server(id)
			if stored == 1 {
				if err := b.flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				srv, err = b.store.Server(t.Context(), id)
			}
			if err != nil {
				t.Fatal(err)
			}
			if (srv.LastSeen == nil) != (seen == nil) || seen != nil && !srv.LastSeen.Equal(*seen) || deref(srv.LastError) != text || deref(srv.ErrorCode) != code {
				t.Errorf("%s (stored: %d): seen %v, error %q/%d; want %v, %q/%d", what, stored, srv.LastSeen, deref(srv.LastError), deref(srv.ErrorCode), seen, text, code)
			}
		}
		if got := b.Status(id); got != status {
			t.Errorf("%s: status %s, want %s", what, got, status)
		}
	}
	refused := fmt.Errorf("scrape: %w", syscall.ECONNREFUSED)
	check("at first", "loading", nil, "", 0)
	b.Report(id, refused, at)
	check("refused before it was ever seen", "offline", nil, "Connection refused", 502)
	b.Report(id, nil, at)
	check("answered", "online", &at, "", 0)
	b.Report(id, context.Canceled, at.Add(time.Hour))
	check("called off", "online", &at, "", 0)
	b.Report(id, refused, at.Add(time.Minute))
	check("lost", "offline", &at, "Connection refused", 502)
	b.Report(999999, nil, at) // a server that was deleted during its poll

	b.restart(t)
	check("after a restart", "offline", &at, "Connection refused", 502)
	later := at.Add(time.Hour)
	b.Report(id, nil, later)
	check("back", "online", &later, "", 0)
	b.restart(t)
	if got := b.Status(id); got != "loading" {
		t.Errorf("status %s although this process has not asked yet", got)
	}
}

func TestRefreshKeepsReachability(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c, _ := b.add(t, "alpha")
	b.Report(c.Server.ID, nil, time.Now())
	if err := b.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.Status(c.Server.ID); got != "online" {
		t.Errorf("status %s after a refresh", got)
	}
}

// TestFailedWriteIsRepeated: Postgres is away for a moment.
func TestFailedWriteIsRepeated(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	srv, _ := b.join(t, "alpha")
	at := time.Now().UTC().Truncate(time.Millisecond)
	b.Report(srv.ID, nil, at)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.flush(gone); err == nil {
		t.Fatal("a flush without a database succeeds")
	}
	if err := b.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if stored, err := b.store.Server(t.Context(), srv.ID); err != nil || stored.LastSeen == nil || !stored.LastSeen.Equal(at) {
		t.Errorf("stored: %v, %v", stored.LastSeen, err)
	}
}

// TestRunFlushesAtTheEnd: what was reported just before the stop is not lost.
func TestRunFlushesAtTheEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c, _ := b.add(t, "alpha")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	b.Report(c.Server.ID, nil, time.Now())
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if stored, err := b.store.Server(t.Context(), c.Server.ID); err != nil || stored.LastSeen == nil {
		t.Errorf("stored: %v, %v", stored.LastSeen, err)
	}
}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	one, cancelOne := b.Subscribe()
	two, cancelTwo := b.Subscribe()
	defer cancelTwo()
	b.post(t, "alpha")
	b.post(t, "beta") // nobody reads in between: that must not block
	cancelOne()
	<-one
	<-two
	b.post(t, "gamma")
	<-two
	select {
	case <-one:
		t.Error("told after its cancel")
	default:
	}
}
