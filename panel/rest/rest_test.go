package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"monitoring/storage"
	"monitoring/words"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func open(_ Role, next http.Handler) http.Handler { return next }

type thing struct {
	Name string   `json:"name"`
	Age  *int     `json:"age"`
	Tags []string `json:"tags"`
	Sub  struct {
		On bool `json:"on"`
	} `json:"sub"`
}

func (t thing) Validate() error {
	if t.Name == "bad" {
		return storage.Invalid("name", "choose another name")
	}
	return nil
}

type pointed struct{ N int }

func (p *pointed) Validate() error { p.N++; return nil }

func jsonRequest(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/x", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	return r
}

func TestDecode(t *testing.T) {
	t.Parallel()
	f := func(body string, status int, code, field string) {
		t.Helper()
		_, err := Decode[thing](jsonRequest(body))
		var e *Error
		var fe *storage.FieldError
		switch {
		case status == 0:
			if err != nil {
				t.Errorf("%.60s: %v", body, err)
			}
		case errors.As(err, &fe):
			if code != "invalid" || fe.Field != field {
				t.Errorf("%.60s: %v", body, err)
			}
		case !errors.As(err, &e):
			t.Errorf("%.60s: error %v is no *Error", body, err)
		case e.Status != status || e.Code != code || e.Field != field || e.Detail == "":
			t.Errorf("%.60s: got %+v", body, e)
		}
	}
	f(`{"name":"a","age":3,"tags":["x"],"sub":{"on":true}}`, 0, "", "")
	f(` {} `, 0, "", "")
	f(``, 400, "bad_json", "")
	f(`{`, 400, "bad_json", "")
	f(`nonsense`, 400, "bad_json", "")
	f(`{"name":"a"}{"name":"b"}`, 400, "bad_json", "")
	f(`{"name":"a"} x`, 400, "bad_json", "")
	f(`{"name":5}`, 400, "bad_type", "name")
	f(`{"age":"old"}`, 400, "bad_type", "age")
	f(`{"age":1.5}`, 400, "bad_type", "age")
	f(`{"tags":"x"}`, 400, "bad_type", "tags")
	f(`{"sub":{"on":1}}`, 400, "bad_type", "sub.on")
	f(`[1]`, 400, "bad_type", "")
	f(`{"colour":"red"}`, 400, "unknown_field", "colour")
	f(`{"name":"bad"}`, 400, "invalid", "name")
	f(`{"name":"`+strings.Repeat("x", MaxBody)+`"}`, 413, "too_large", "")
	f(`{"name":"a"}`+strings.Repeat(" ", MaxBody), 400, "bad_json", "") // the end is out of reach
}

func TestDecodeNamesTheExpectedType(t *testing.T) {
	t.Parallel()
	f := func(body, want string) {
		t.Helper()
		if _, err := Decode[thing](jsonRequest(body)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
	f(`{"name":5}`, "name must be a string, not number")
	f(`{"age":"x"}`, "age must be a number, not string")
	f(`{"tags":{}}`, "tags must be a list, not object")
	f(`{"sub":[]}`, "sub must be an object, not array")
	f(`{"sub":{"on":"yes"}}`, "sub.on must be true or false, not string")
	f(`7`, "the body must be an object, not number")
}

func TestDecodeWantsJSON(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json;;", "multipart/form-data; boundary=x"} {
		r := jsonRequest(`{}`)
		r.Header.Set("Content-Type", contentType)
		var e *Error
		if _, err := Decode[thing](r); !errors.As(err, &e) || e.Status != http.StatusUnsupportedMediaType {
			t.Errorf("%q: %v", contentType, err)
		}
	}
}

func TestDecodeValidatesPointerReceivers(t *testing.T) {
	t.Parallel()
	got, err := Decode[pointed](jsonRequest(`{"N":1}`))
	if err != nil || got.N != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{}`, `{"name":"a"}`, `{"age":1e400}`, "{\"name\":\"\xff\"}", `[`, `{"sub":{"on":null}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		_, err := Decode[thing](jsonRequest(body))
		var e *Error
		var fe *storage.FieldError
		if err != nil && !errors.As(err, &e) && !errors.As(err, &fe) {
			t.Errorf("%q: %v would be an internal error", body, err)
		}
		if err == nil && !json.Valid([]byte(body)) {
			t.Errorf("%q was accepted", body)
		}
	})
}

func TestWriteError(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, nil))
	f := func(err error, status int, body string, wantLog bool) {
		t.Helper()
		logged.Reset()
		mux := NewMux(open, log)
		mux.Mount("/x", Only(Session), func(r Router) {
			r.Get("/", func(http.ResponseWriter, *http.Request) error { return err })
		})
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/x", nil))
		id := w.Header().Get("X-Request-Id")
		if id == "" {
			t.Error("the answer has no request id")
		}
		body = strings.ReplaceAll(body, "ID", id)
		if got := strings.TrimSpace(w.Body.String()); w.Code != status || got != body {
			t.Errorf("%v: %d %s, want %d %s", err, w.Code, got, status, body)
		}
		if got := logged.String(); (got != "") != wantLog || wantLog && (!strings.Contains(got, err.Error()) || !strings.Contains(got, id)) {
			t.Errorf("%v: logged %q", err, got)
		}
	}
	said := func(text, code string) string { return fmt.Sprintf(`"words":{"text":%q,"code":%q}`, text, code) }
	f(Fail(422, "odd", "too odd"), 422, `{"detail":"too odd","code":"odd",`+said("too odd", "too_odd")+`}`, false)
	f(fmt.Errorf("do: %w", Fail(400, "a", "b %d", 7)), 400, `{"detail":"b 7","code":"a","words":{"text":"b 7","code":"b","params":["7"]}}`, false)
	f(storage.Invalid("name", "give one"), 400, `{"detail":"give one","code":"invalid","field":"name",`+said("give one", "give_one")+`}`, false)
	f(fmt.Errorf("read: %w", storage.ErrNotFound), 404, `{"detail":"there is no such thing","code":"not_found",`+said("there is no such thing", "there_is_no_such_thing")+`}`, false)
	f(fmt.Errorf("write: %w", storage.ErrConflict), 409, `{"detail":"this clashes with something that exists already","code":"conflict",`+
		said("this clashes with something that exists already", "this_clashes_with_something_that_exists_already")+`}`, false)
	f(errors.New("password is hunter2"), 500, `{"detail":"internal error; the panel's log says more","code":"internal",`+
		said("internal error; the panel's log says more", "internal_error_the_panels_log_says_more")+`,"request_id":"ID"}`, true)
	f(FailWith(502, "failed", words.Plain("of a program")), 502, `{"detail":"of a program","code":"failed"}`, false)
	f(FailField(409, "conflict", "url", "taken"), 409, `{"detail":"taken","code":"conflict","field":"url",`+said("taken", "taken")+`}`, false)
}

func TestWriteErrorIsSilentForAClientThatLeft(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	WriteError(w, httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx),
		slog.New(slog.NewTextHandler(&logged, nil)), fmt.Errorf("query: %w", context.Canceled))
	if w.Code != 499 || w.Body.Len() != 0 || logged.Len() != 0 {
		t.Errorf("status %d, body %q, log %q", w.Code, w.Body, &logged)
	}
}

func TestEncodeTellsWhatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := Encode(w, 200, map[string]any{"f": func() {}}); err == nil {
		t.Error("a func was encoded")
	}
	if w.Body.Len() != 0 {
		t.Error("half an answer was written")
	}
	if err := Done(w); err != nil || w.Body.String() != `{"success":true}` || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%v %s %v", err, w.Body, w.Header())
	}
}

// readAll returns the body of an answer.
func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWords(t *testing.T) {
	t.Parallel()
	f := func(err error, wantText, wantCode string) {
		t.Helper()
		if got := Words(fmt.Errorf("do: %w", err)); !strings.HasSuffix(got.English, wantText) || got.Code != wantCode {
			t.Errorf("%v: %+v, want %q %q", err, got, wantText, wantCode)
		}
	}
	f(Fail(422, "odd", "too odd"), "too odd", "too_odd")
	f(storage.Invalid("name", "give one"), "give one", "give_one")
	f(errors.New("no one's words"), "no one's words", "")
	f(&Error{Detail: "made by hand"}, "made by hand", "")
}
