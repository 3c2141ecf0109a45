package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// serve starts an agent that answers everything with h, and returns its client.
func serve(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return NewClient(s.URL+"/", s.Client())
}

func gzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstandard(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil, zstd.WithWindowSize(128<<10))
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(b, nil)
}

// packers are the encodings that the client takes.
var packers = map[string]func(*testing.T, []byte) []byte{
	"":     func(_ *testing.T, b []byte) []byte { return b },
	"gzip": gzipped,
	"zstd": zstandard,
}

func TestRequests(t *testing.T) {
	t.Parallel()
	f := func(want string, body string, call func(context.Context, *Client) error) {
		t.Helper()
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			got, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			if r.Method+" "+r.URL.String() != want || string(got) != body {
				t.Errorf("request %s %s with body %q, want %s with %q", r.Method, r.URL, got, want, body)
			}
			if body != "" && r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: content type %q", want, r.Header.Get("Content-Type"))
			}
			_, _ = io.WriteString(w, "{}")
		})
		if err := call(t.Context(), c); err != nil {
			t.Errorf("%s: %v", want, err)
		}
	}
	f("GET /metrics?set=host&window=15", "", func(ctx context.Context, c *Client) error {
		_, err := c.Exposition(ctx, "host", 15*time.Second, nil)
		return err
	})
	f("GET /metrics?set=host&window=120", "", func(ctx context.Context, c *Client) error {
		_, err := c.Exposition(ctx, "host", 300*time.Second, nil) // the longest interval of the settings
		return err
	})
	f("GET /metrics", "", func(ctx context.Context, c *Client) error {
		_, err := c.Exposition(ctx, "", 0, nil)
		return err
	})
	f("GET /metrics?set=a%26b%3Dc", "", func(ctx context.Context, c *Client) error {
		_, err := c.Exposition(ctx, "a&b=c", 0, nil)
		return err
	})
	f("GET /v1/metrics", "", func(ctx context.Context, c *Client) error { _, err := c.Metrics(ctx); return err })
	f("GET /v1/processes", "", func(ctx context.Context, c *Client) error { _, err := c.Processes(ctx); return err })
	f("GET /v1/version", "", func(ctx context.Context, c *Client) error { _, err := c.Version(ctx); return err })
	f("GET /v1/health", "", func(ctx context.Context, c *Client) error { _, err := c.Health(ctx); return err })
	f("POST /v1/enrol/csr", "{}", func(ctx context.Context, c *Client) error { _, err := c.EnrolCSR(ctx); return err })
	f("POST /v1/enrol", `{"certificate":"PEM"}`, func(ctx context.Context, c *Client) error {
		return c.EnrolAccept(ctx, Certificate{Certificate: "PEM"})
	})
}

func TestExpositionReusesTheBuffer(t *testing.T) {
	t.Parallel()
	page := []byte(strings.Repeat("up 1\n", 1000))
	for encoding, pack := range packers {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if accepted := r.Header.Get("Accept-Encoding"); accepted != "zstd, gzip" {
				t.Errorf("Accept-Encoding: %q", accepted)
			}
			w.Header().Set("Content-Encoding", encoding)
			_, _ = w.Write(pack(t, page))
		})
		buf := make([]byte, 3, 1<<20)
		got, err := c.Exposition(t.Context(), "host", 0, buf)
		if err != nil {
			t.Fatalf("%s: %v", encoding, err)
		}
		if !bytes.Equal(got, page) {
			t.Errorf("%s: got %d bytes, want %d", encoding, len(got), len(page))
		}
		if &got[0] != &buf[0] {
			t.Errorf("%s: the page is not in the caller's buffer", encoding)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := func(status int, body string, want StatusError) {
		t.Helper()
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
		_, err := c.Version(t.Context())
		var got *StatusError
		if !errors.As(err, &got) || *got != want {
			t.Errorf("status %d: error %v, want %v", status, err, &want)
		}
	}
	f(403, `{"detail":"closed by the owner"}`, StatusError{403, "closed by the owner", Failure{Detail: "closed by the owner"}})
	f(422, `{"detail":"no","code":"refused","field":"x","log":"[ALERT]"}`, StatusError{422, "no", Failure{Detail: "no", Code: "refused", Field: "x", Log: "[ALERT]"}})
	f(404, `404 page not found`, StatusError{Code: 404})
	f(500, ``, StatusError{Code: 500})
	f(204, ``, StatusError{Code: 204})
	f(502, `{"detail":"`+strings.Repeat("x", 1000)+`"}`, StatusError{Code: 502})
	f(500, strings.Repeat("x", 1<<20), StatusError{Code: 500})
}

func TestBadAnswers(t *testing.T) {
	t.Parallel()
	f := func(what, encoding string, body []byte, want string) {
		t.Helper()
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if encoding != "" {
				w.Header().Set("Content-Encoding", encoding)
			}
			_, _ = w.Write(body)
		})
		if _, err := c.Version(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", what, err, want)
		}
	}
	whole := gzipped(t, []byte(`{"version":"1"}`))
	f("no JSON", "", []byte("hello"), "read answer of /v1/version: decode")
	f("wrong type", "", []byte(`{"version":5}`), "decode")
	f("no gzip", "gzip", []byte("hello"), "open gzip body")
	f("gzip cut off", "gzip", whole[:len(whole)-4], "unexpected EOF")
	f("gzip damaged", "gzip", append(append([]byte{}, whole[:12]...), whole[14:]...), "gzip")
	frame := zstandard(t, []byte(`{"version":"1"}`))
	f("no zstd", "zstd", []byte("hello"), "magic number mismatch")
	f("zstd cut off", "zstd", frame[:len(frame)-3], "unexpected EOF")
	f("zstd damaged", "zstd", append(append([]byte{}, frame[:8]...), frame[9:]...), "read answer")
	f("zstd that wants 2 GB of window", "zstd", []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 1, 0, 0}, "window size exceeded")
	f("unknown encoding", "br", []byte("x"), "br")
}

func TestLimits(t *testing.T) {
	t.Parallel()
	f := func(size, limit int, tooLarge bool) {
		t.Helper()
		for encoding, pack := range packers {
			body := pack(t, bytes.Repeat([]byte("x"), size))
			resp := &http.Response{Header: http.Header{"Content-Encoding": {encoding}}, Body: io.NopCloser(bytes.NewReader(body))}
			got, err := readBody(resp, nil, limit, nil)
			if errors.Is(err, ErrTooLarge) != tooLarge || !tooLarge && len(got) != size {
				t.Errorf("%d bytes with limit %d (%s): %d bytes, %v", size, limit, encoding, len(got), err)
			}
		}
	}
	f(0, 10, false)
	f(10, 10, false)
	f(11, 10, true)
	f(50<<20, 1<<20, true) // gzip makes 50 kB of it, zstd 5 kB: the limit counts what comes out

	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"version":"`+strings.Repeat("x", MaxDocument)+`"}`)
	})
	if _, err := c.Version(t.Context()); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a huge document: %v", err)
	}
	c = serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"processes":[{}`+strings.Repeat(",{}", maxValues+1)+`]}`)
	})
	if _, err := c.Processes(t.Context()); !errors.Is(err, ErrTooLarge) {
		t.Errorf("an answer that is a hundred times as large when it is decoded: %v", err)
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	full := errors.New("no room")
	f := func(size, room, asked int, want error) {
		t.Helper()
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("x"), size)) })
		most := 0
		page, err := c.Within(func(size int) error {
			if most = size; size > room {
				return full
			}
			return nil
		}).MetricsPage(t.Context())
		if !errors.Is(err, want) || want == nil && len(page) != size || most != asked {
			t.Errorf("%d bytes with room for %d: %d bytes, %v; room was asked for %d, want %d", size, room, len(page), err, most, asked)
		}
	}
	f(10, minRead, minRead, nil)
	f(10, minRead-1, minRead, full)
	f(100<<10, 128<<10, 128<<10, nil)
	f(200<<10, 256<<10, 256<<10, nil)
	f(300<<10, 256<<10, 512<<10, full)
	f(MaxMetrics+1, 100<<20, 2*MaxMetrics, ErrTooLarge)
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	c := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Version(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a hanging agent: %v", err)
	}
	probe := NewClient("https://x", &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		deadline, ok := r.Context().Deadline()
		if !ok || time.Until(deadline) > defaultTimeout {
			t.Errorf("a context without a deadline: %v, %v", deadline, ok)
		}
		return nil, io.EOF
	})})
	if _, err := probe.Version(context.Background()); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestUnknownFieldsAreIgnored: a newer agent may say more.
func TestUnknownFieldsAreIgnored(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"version": "2", "mood": map[string]int{"good": 1}})
	})
	if v, err := c.Version(t.Context()); err != nil || v.Version != "2" {
		t.Errorf("%+v, %v", v, err)
	}
}
