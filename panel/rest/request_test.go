package rest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

func TestBodyLimits(t *testing.T) {
	t.Parallel()
	read := 0
	mux := NewMux(open, quiet())
	mux.Mount("/x", Only(Session), func(r Router) {
		r.Post("/", func(w http.ResponseWriter, r *http.Request) error {
			read++
			n, err := io.Copy(io.Discard, r.Body)
			if err != nil {
				return decodeError(err)
			}
			return Encode(w, 200, n)
		})
	})
	addr := serve(t, mux, quiet(), false)
	f := func(body io.Reader, length int64, status int) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/x", body)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = length
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if readAll(t, resp); resp.StatusCode != status {
			t.Errorf("%d bytes announced: status %d, want %d", length, resp.StatusCode, status)
		}
	}
	f(bytes.NewReader(make([]byte, MaxBody)), MaxBody, 200)
	f(bytes.NewReader(make([]byte, MaxBody+1)), -1, 413) // chunked
	if read != 2 {
		t.Fatalf("read %d bodies", read)
	}
	got := exchangeHead(t, addr, fmt.Sprintf("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", MaxBody+1))
	if !strings.Contains(got, "413") || read != 2 {
		t.Errorf("a body that announces itself as too large: %q, read %d", got, read)
	}
}

func exchangeHead(t *testing.T, addr, text string) string {
	t.Helper()
	conn := dial(t, addr, false)
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// The deadline of a body goes when the body has arrived: left in place it would cancel a long answer.
func TestBodyDeadline(t *testing.T) {
	t.Parallel()
	w := &deadlines{}
	_, r := begin(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("body")))
	if len(w.read) != 1 || time.Until(w.read[0]) < bodyTimeout-5*time.Second || time.Until(w.read[0]) > bodyTimeout {
		t.Fatalf("before the body: %v", w.read)
	}
	if b, err := io.ReadAll(r.Body); err != nil || string(b) != "body" {
		t.Fatalf("%q, %v", b, err)
	}
	if len(w.read) != 2 || !w.read[1].IsZero() {
		t.Errorf("after the body: %v", w.read)
	}
	w = &deadlines{}
	if begin(w, httptest.NewRequest(http.MethodGet, "/", nil)); len(w.read) != 0 {
		t.Errorf("without a body: %v", w.read)
	}
	var e *Error
	if err := decodeError(os.ErrDeadlineExceeded); !errors.As(err, &e) || e.Status != http.StatusRequestTimeout {
		t.Errorf("a body that does not arrive: %v", err)
	}
}
