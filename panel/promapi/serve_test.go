package promapi

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/storage/tsdb"
)

// reply is an answer as a client reads it.
type reply struct {
	Code      int             `json:"-"`
	Status    string          `json:"status"`
	Data      json.RawMessage `json:"data"`
	ErrorType string          `json:"errorType"`
	Error     string          `json:"error"`
	Warnings  []string        `json:"warnings"`
	Infos     []string        `json:"infos"`
}

// serve mounts the API over db as the panel does, for callers who may.
func serve(t *testing.T, db *tsdb.DB) string {
	t.Helper()
	return serveAPI(t, quiet(db))
}

func serveAPI(t *testing.T, s *Service) string {
	t.Helper()
	mux := quietMux()
	mux.Mount("/prometheus/api/v1", rest.Only(rest.MetricsRead), s.Routes)
	return listen(t, mux) + "/prometheus/api/v1"
}

func quiet(db *tsdb.DB) *Service {
	return New(Options{DB: db, Log: slog.New(slog.DiscardHandler), Version: "1.2.3"})
}

func quietMux() *rest.Mux {
	return rest.NewMux(func(_ rest.Role, next http.Handler) http.Handler { return next }, slog.New(slog.DiscardHandler))
}

func listen(t *testing.T, mux *rest.Mux) string {
	t.Helper()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL
}

func ask(t *testing.T, method, base, path string, form url.Values) reply {
	t.Helper()
	body := ""
	target := base + path
	if method == http.MethodPost {
		body = form.Encode()
	} else if len(form) > 0 {
		target += "?" + form.Encode()
	}
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := reply{Code: resp.StatusCode}
	if got.Code == http.StatusNoContent && len(text) == 0 {
		return got
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%s %s: %s: %v", method, path, text, err)
	}
	return got
}

// poll waits until done says so.
func poll(t *testing.T, what string, done func() bool) {
	t.Helper()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for deadline := time.Now().Add(time.Minute); !done(); <-retry.C {
		if time.Now().After(deadline) {
			t.Fatal("not within a minute: " + what)
		}
	}
}

// base is a time within retention, on a whole minute, so that expected timestamps are easy to write.
func base() time.Time { return time.Now().Add(-3 * time.Hour).Truncate(time.Minute) }

func sample(at time.Time, value float64, pairs ...string) storage.Sample {
	s := storage.Sample{Time: at.UnixMilli(), Value: value}
	for i := 0; i < len(pairs); i += 2 {
		s.Labels = append(s.Labels, storage.Label{Name: pairs[i], Value: pairs[i+1]})
	}
	return s
}

// fill stores samples and makes them visible.
func fill(t *testing.T, db *tsdb.DB, samples []storage.Sample) {
	t.Helper()
	if err := db.Append(samples); err != nil {
		t.Fatal(err)
	}
	if err := db.RunOnce(context.Background()); err != nil {
		t.Fatal(err)
	}
}
