package rest

import (
	"bufio"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func streamMux(steps <-chan any) *Mux {
	mux := NewMux(open, quiet())
	mux.Mount("/x", Only(Session), func(r Router) {
		r.Get("/", func(w http.ResponseWriter, r *http.Request) error {
			s, err := OpenStream(w)
			if err != nil {
				return err
			}
			for {
				select {
				case <-r.Context().Done():
					return r.Context().Err()
				case v, ok := <-steps:
					if !ok {
						return nil
					}
					if v == nil {
						err = s.Heartbeat()
					} else {
						err = s.Send("live", v)
					}
					if err != nil {
						return err
					}
				}
			}
		})
	})
	return mux
}

func TestStreamArrivesEventByEvent(t *testing.T) {
	t.Parallel()
	f := func(name string, client func(addr string) *http.Client, encrypted bool) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps := make(chan any)
			addr := serve(t, Compress(streamMux(steps)), quiet(), encrypted)
			scheme := "http://"
			if encrypted {
				scheme = "https://"
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, scheme+addr+"/x", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Accept-Encoding", "gzip")
			resp, err := client(addr).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if ct := resp.Header.Get("Content-Type"); ct != "text/event-stream" || resp.Header.Get("Content-Encoding") != "" {
				t.Fatalf("headers %v", resp.Header)
			}
			lines := bufio.NewScanner(resp.Body)
			expect := func(want ...string) {
				t.Helper()
				for _, w := range want {
					if !lines.Scan() || lines.Text() != w {
						t.Fatalf("line %q, want %q (%v)", lines.Text(), w, lines.Err())
					}
				}
			}
			expect(": ", "") // the headers came with it, before any event
			steps <- map[string]int{"a": 1}
			expect("event: live", `data: {"a":1}`, "")
			steps <- nil
			expect(": ", "")
			steps <- "line\nbreak"
			expect("event: live", `data: "line\nbreak"`, "")
			close(steps)
			if lines.Scan() || lines.Err() != nil {
				t.Errorf("after the end: %q, %v", lines.Text(), lines.Err())
			}
		})
	}
	f("http1", func(string) *http.Client { return &http.Client{Timeout: 20 * time.Second} }, false)
	f("http2", func(string) *http.Client {
		return &http.Client{Timeout: 20 * time.Second, Transport: http2Only()}
	}, true)
}

// A stream outlives the time that one event may take: on HTTP/2 a deadline left behind would reset it.
func TestStreamHasNoDeadlineBetweenEvents(t *testing.T) {
	t.Parallel()
	w := &deadlines{}
	s, err := OpenStream(w)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send("x", 1); err != nil {
		t.Fatal(err)
	}
	if len(w.set) != 4 || w.set[0].IsZero() || !w.set[1].IsZero() || w.set[2].IsZero() || !w.set[3].IsZero() {
		t.Errorf("deadlines %v", w.set)
	}
	if err := s.Send("x", func() {}); err == nil {
		t.Error("a func was sent")
	}
	w.fail = io.ErrClosedPipe
	if err := s.Send("x", 1); err == nil {
		t.Error("a failed write went unnoticed")
	}
}

type deadlines struct {
	header http.Header
	set    []time.Time // write deadlines
	read   []time.Time // read deadlines
	fail   error
}

func (d *deadlines) Header() http.Header {
	if d.header == nil {
		d.header = http.Header{}
	}
	return d.header
}
func (d *deadlines) WriteHeader(int) {}
func (d *deadlines) Write(b []byte) (int, error) {
	return len(b), d.fail
}
func (d *deadlines) FlushError() error                   { return nil }
func (d *deadlines) SetWriteDeadline(at time.Time) error { d.set = append(d.set, at); return nil }
func (d *deadlines) SetReadDeadline(at time.Time) error  { d.read = append(d.read, at); return nil }

func TestCompress(t *testing.T) {
	t.Parallel()
	f := func(contentType string, size int, want string) {
		t.Helper()
		body := strings.Repeat("abcdefgh", size/8)
		addr := serve(t, Compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = io.WriteString(w, body)
		})), quiet(), false)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", "gzip, zstd, br")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var r io.Reader = resp.Body
		if got := resp.Header.Get("Content-Encoding"); got != want {
			t.Fatalf("%s of %d bytes: encoding %q, want %q", contentType, size, got, want)
		}
		if want == "gzip" {
			if r, err = gzip.NewReader(r); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != body {
			t.Errorf("%s: %d bytes back, %v", contentType, len(got), err)
		}
	}
	f("application/json", 8000, "gzip")
	f("text/html; charset=utf-8", 8000, "gzip")
	f("text/plain; version=0.0.4", 8000, "gzip")
	f("application/json", 800, "")
	f("text/event-stream", 8000, "")
	f("application/octet-stream", 8000, "")
	f("image/png", 8000, "")
}
