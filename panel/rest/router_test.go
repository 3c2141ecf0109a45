package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func text(s string) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		_, err := fmt.Fprint(w, s, " ", Pattern(r), " ", strings.Join(Params(r), ","))
		return err
	}
}

func TestMux(t *testing.T) {
	t.Parallel()
	var asked []string
	guard := func(role Role, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, Pattern(r)+" "+string(role))
			next.ServeHTTP(w, r)
		})
	}
	mux := NewMux(guard, quiet())
	mux.Mount("/api/things", Access{FleetRead, FleetWrite}, func(r Router) {
		r.Get("/", text("list"))
		r.Post("/", text("create"))
		r.Get("/{id}", text("one"))
		r.Put("/{id}", text("update"))
		r.Delete("/{id}/parts/{name}", text("delete"))
	})
	f := func(method, path, want string) {
		t.Helper()
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		if got := strings.TrimSpace(w.Body.String()); got != want {
			t.Errorf("%s %s: %q, want %q", method, path, got, want)
		}
	}
	f("GET", "/api/things", "list GET /api/things")
	f("POST", "/api/things", "create POST /api/things")
	f("GET", "/api/things/7", "one GET /api/things/{id} 7")
	f("PUT", "/api/things/7", "update PUT /api/things/{id} 7")
	f("DELETE", "/api/things/7/parts/a%2Fb%20c", "delete DELETE /api/things/{id}/parts/{name} 7,a/b c")
	f("DELETE", "/api/things/7/parts/a+b", "delete DELETE /api/things/{id}/parts/{name} 7,a+b")
	want := []string{"GET /api/things fleet:read", "POST /api/things fleet:write", "GET /api/things/{id} fleet:read",
		"PUT /api/things/{id} fleet:write", "DELETE /api/things/{id}/parts/{name} fleet:write", "DELETE /api/things/{id}/parts/{name} fleet:write"}
	if !slices.Equal(asked, want) {
		t.Errorf("the guard was asked %q", asked)
	}
	var routes []string
	for _, r := range mux.Routes() {
		routes = append(routes, r.String())
	}
	if want := []string{"GET /api/things fleet:read", "POST /api/things fleet:write", "GET /api/things/{id} fleet:read",
		"PUT /api/things/{id} fleet:write", "DELETE /api/things/{id}/parts/{name} fleet:write"}; !slices.Equal(routes, want) {
		t.Errorf("routes %q", routes)
	}
}

func TestMountWithoutRolePanics(t *testing.T) {
	t.Parallel()
	for _, access := range []Access{{}, {Read: Session}, {Write: Session}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was mounted", access)
				}
			}()
			NewMux(open, quiet()).Mount("/x", access, func(Router) {})
		}()
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	f := func(raw string, want int64) {
		t.Helper()
		mux := NewMux(open, quiet())
		mux.Mount("/x", Only(Session), func(r Router) {
			r.Get("/{id}", func(w http.ResponseWriter, r *http.Request) error {
				id, err := ID(r, "id")
				if id != want || (want == 0) != (err != nil) {
					t.Errorf("%q: %d, %v", raw, id, err)
				}
				return err
			})
		})
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/x/"+raw, nil))
		if want == 0 && w.Code != http.StatusNotFound {
			t.Errorf("%q: status %d", raw, w.Code)
		}
	}
	f("1", 1)
	f("9223372036854775807", 9223372036854775807)
	f("%31", 1)
	f("0", 0)
	f("-1", 0)
	f("1x", 0)
	f("9223372036854775808", 0)
}

func TestQueryInt(t *testing.T) {
	t.Parallel()
	f := func(query string, want int, ok bool) {
		t.Helper()
		got, err := QueryInt(httptest.NewRequest(http.MethodGet, "/?"+query, nil), "n", 5, 1, 10)
		var e *Error
		if got != want || (err == nil) != ok || err != nil && (!errors.As(err, &e) || e.Field != "n" || e.Status != 400) {
			t.Errorf("%q: %d, %v", query, got, err)
		}
	}
	f("", 5, true)
	f("n=", 5, true)
	f("n=1", 1, true)
	f("n=10", 10, true)
	f("n=0", 0, false)
	f("n=11", 0, false)
	f("n=x", 0, false)
	f("n=1.0", 0, false)
}

func TestPanicBecomesInternalError(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	seen := 0
	guard := func(_ Role, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			seen = Status(r.Context())
		})
	}
	mux := NewMux(guard, slog.New(slog.NewTextHandler(&logged, nil)))
	mux.Mount("/x", Only(Session), func(r Router) {
		r.Get("/", func(http.ResponseWriter, *http.Request) error { panic("ouch") })
		r.Get("/late", func(w http.ResponseWriter, _ *http.Request) error {
			fmt.Fprint(w, "half")
			panic("ouch")
		})
	})
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/x", nil))
	if w.Code != 500 || seen != 500 || strings.Contains(w.Body.String(), "ouch") || !strings.Contains(w.Body.String(), w.Header().Get("X-Request-Id")) {
		t.Errorf("status %d, guard saw %d, body %s", w.Code, seen, w.Body)
	}
	if got := logged.String(); !strings.Contains(got, "panic: ouch") || !strings.Contains(got, "router_test.go") {
		t.Errorf("log %q", got)
	}
	func() {
		defer func() {
			if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
				t.Errorf("a panic after half an answer ended as %v", err)
			}
		}()
		mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x/late", nil))
	}()
}

func TestAbortPassesSilently(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	mux := NewMux(open, slog.New(slog.NewTextHandler(&logged, nil)))
	mux.Mount("/x", Only(Session), func(r Router) {
		r.Get("/", func(http.ResponseWriter, *http.Request) error { return ErrDrop })
	})
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) || logged.Len() > 0 {
			t.Errorf("recovered %v, log %q", err, &logged)
		}
	}()
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x", nil)) // a recorder cannot be hijacked
}

func TestNoteAndStatus(t *testing.T) {
	t.Parallel()
	var target, detail string
	var status int
	guard := func(_ Role, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			target, detail = Noted(r.Context())
			status = Status(r.Context())
		})
	}
	mux := NewMux(guard, quiet())
	mux.Mount("/x", Only(Session), func(r Router) {
		r.Post("/", func(w http.ResponseWriter, r *http.Request) error {
			Note(context.WithoutCancel(r.Context()), "server 7", "renamed")
			return Encode(w, http.StatusAccepted, nil)
		})
	})
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/x", nil))
	if target != "server 7" || detail != "renamed" || status != http.StatusAccepted {
		t.Errorf("%q %q %d", target, detail, status)
	}
	Note(t.Context(), "nobody", "listens") // outside of a request it is ignored
	if target, _ := Noted(t.Context()); target != "" || Status(t.Context()) != 0 || RequestID(t.Context()) != "" {
		t.Error("a bare context remembers a request")
	}
}
