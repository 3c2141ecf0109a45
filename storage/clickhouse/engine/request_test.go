package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/compress"
	"pgregory.net/rapid"
)

func post(query url.Values, body io.Reader) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/?"+query.Encode(), body)
}

func TestParseRequest(t *testing.T) {
	t.Parallel()
	f := func(query url.Values, body, wantSQL, wantFormat, wantRows string) {
		t.Helper()
		req, err := parseRequest(post(query, strings.NewReader(body)))
		if err != nil {
			t.Errorf("%v %q: %v", query, body, err)
			return
		}
		rows := ""
		if req.rows != nil {
			b, err := io.ReadAll(req.rows)
			if err != nil {
				t.Fatal(err)
			}
			rows = string(b)
		}
		if strings.TrimSpace(req.sql) != wantSQL || req.format != wantFormat || rows != wantRows {
			t.Errorf("%v %q: sql %q, format %s, rows %q", query, body, req.sql, req.format, rows)
		}
	}
	q := func(sql string) url.Values { return url.Values{"query": {sql}} }
	f(nil, "SELECT 1", "SELECT 1", "TabSeparated", "")
	f(q("SELECT 1"), "", "SELECT 1", "TabSeparated", "")
	f(q("SELECT"), "1", "SELECT\n1", "TabSeparated", "")
	f(q("INSERT INTO t FORMAT CSV"), "1,2\n", "INSERT INTO t", "CSV", "1,2\n")
	f(q("INSERT INTO t (a) VALUES"), "(1)", "INSERT INTO t (a)", "Values", "(1)")
	f(q("INSERT INTO t VALUES (1),"), "(2)", "INSERT INTO t", "Values", " (1),(2)")
	f(q("INSERT INTO t"), "1\n", "INSERT INTO t", "TabSeparated", "1\n")
	f(nil, "INSERT INTO t FORMAT JSONEachRow\n{\"a\":1}", "INSERT INTO t", "JSONEachRow", `{"a":1}`)
	f(nil, "INSERT INTO t SELECT 1", "INSERT INTO t SELECT 1", "TabSeparated", "")
	f(url.Values{"default_format": {"Native"}}, "SELECT 1", "SELECT 1", "Native", "")
}

func TestParseRequestRefuses(t *testing.T) {
	t.Parallel()
	f := func(code int, query url.Values, body string, header ...string) {
		t.Helper()
		r := post(query, strings.NewReader(body))
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		_, err := parseRequest(r)
		var e *exception
		if !errors.As(err, &e) || e.code != code {
			t.Errorf("%v: %v, want code %d", query, err, code)
		} else if read, ok := errors.AsType[*exception](parseException(e.text)); !ok || read.code != code {
			t.Errorf("%v: %v, want code %d", query, err, code)
		}
	}
	f(codeBadArguments, url.Values{"default_format": {"CSV; DROP"}}, "")
	f(codeBadArguments, url.Values{"database": {"a`b"}}, "")
	f(codeBadArguments, url.Values{"a'b": {"1"}}, "")
	f(codeReadonly, url.Values{"readonly": {"0"}}, "")
	f(codeReadonly, url.Values{"profile": {"x"}}, "")
	f(codeNotImplemented, url.Values{"session_id": {"x"}}, "")
	f(codeNotImplemented, url.Values{"t_structure": {"a UInt8"}}, "")
	f(codeNotImplemented, nil, "", "Content-Type", "multipart/form-data; boundary=x")
	f(codeNotImplemented, nil, "", "Content-Encoding", "br")
	f(codeBadArguments, nil, "no gzip", "Content-Encoding", "gzip")
	f(codeLimit, nil, strings.Repeat(" ", maxStatement+1))
}

func TestSettingsAndParameters(t *testing.T) {
	t.Parallel()
	req, err := parseRequest(post(url.Values{
		"param_a": {`x\ty`}, "max_threads": {"1"}, "query_id": {"x"}, "user": {"u"}, "compress": {"1"}, "client_protocol_version": {"54466"}, "database": {"d"},
	}, strings.NewReader("SELECT 1")))
	if err != nil {
		t.Fatal(err)
	}
	if len(req.params) != 1 || req.params[0] != (param{"a", `x\ty`}) || len(req.settings) != 1 || req.settings[0] != (setting{"max_threads", "1"}) ||
		req.packed != "LZ4" || req.revision != 54466 || req.database != "d" {
		t.Errorf("%+v", req)
	}
	req.settings = []setting{{"max_execution_time", "125"}, {"max_execution_time", "30"}, {"max_threads", "125"}}
	if req.shorten(); req.settings[0].value != "60" || req.settings[1].value != "30" || req.settings[2].value != "125" {
		t.Errorf("%+v", req.settings)
	}
}

func TestGzip(t *testing.T) {
	t.Parallel()
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	if _, err := io.WriteString(w, "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := post(nil, &body)
	r.Header.Set("Content-Encoding", "gzip")
	if req, err := parseRequest(r); err != nil || req.sql != "SELECT 1" {
		t.Errorf("%+v, %v", req, err)
	}
}

// A body of compressed blocks is read to its end; one that breaks off anywhere else is an error, or half of an INSERT
// would count as a whole one.
func TestBlocks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var packed, want []byte
		ends := map[int]bool{0: true}
		for range rapid.IntRange(1, 3).Draw(t, "blocks") {
			part := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "part")
			w := compress.NewWriter(compress.LevelZero, rapid.SampledFrom([]compress.Method{compress.LZ4, compress.ZSTD, compress.None}).Draw(t, "method"))
			if err := w.Compress(part); err != nil {
				t.Fatal(err)
			}
			packed, want = append(packed, w.Data...), append(want, part...)
			ends[len(packed)] = true
		}
		cut := rapid.IntRange(0, len(packed)).Draw(t, "cut")
		got, err := io.ReadAll(newBlocks(bytes.NewReader(packed[:cut])))
		if (err == nil) != ends[cut] {
			t.Fatalf("cut at %d of %d: %v", cut, len(packed), err)
		}
		if cut == len(packed) && !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, want %d", len(got), len(want))
		}
	})
}

func TestExceptions(t *testing.T) {
	t.Parallel()
	f := func(text string, code, status int) {
		t.Helper()
		var e *exception
		if !errors.As(parseException(text), &e) || e.code != code || e.status() != status || !strings.HasPrefix(e.text, "Code: ") {
			t.Errorf("%q: %+v", text, e)
		}
	}
	if err := parseException(""); err != nil {
		t.Error(err)
	}
	f("Code: 60. DB::Exception: Table x does not exist. (UNKNOWN_TABLE)", 60, 404)
	f("Code: 497. DB::Exception: no (ACCESS_DENIED)", 497, 403)
	f("Code: 241. DB::Exception: memory", 241, 500)
	f("Code: 62. DB::Exception: syntax", 62, 400)
	f("Unexpected null connection", codeUnknownException, 500)
}

func TestShare(t *testing.T) {
	t.Parallel()
	f := func(total, want int64) {
		t.Helper()
		if got := share(total * mb); got/mb != want {
			t.Errorf("of %d MB: %d MB, want %d", total, got/mb, want)
		}
	}
	f(512, 400) // below what it needs: tight, but it starts
	f(2048, 614)
	f(8192, 2457)
	f(65536, 4096)
	if budget, err := memoryBudget(); err != nil || budget < smallestShare || budget > largestShare {
		t.Errorf("%d, %v", budget, err)
	}
	for _, l := range readerLimits(600 * mb) {
		if l.value < 1 {
			t.Errorf("%+v", l)
		}
	}
}

func TestHello(t *testing.T) {
	t.Parallel()
	for _, revision := range []uint64{0, 54058, 54454, 54466, 1 << 20} {
		block, err := hello(revision)
		if err != nil || !bytes.Contains(block, []byte("displayName()")) {
			t.Errorf("revision %d: %q, %v", revision, block, err)
		}
	}
}

func TestAnswerFramesALateError(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	a, err := newAnswer(w, &request{format: "CSV"}, "id")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.write([]byte("1\n")); err != nil {
		t.Fatal(err)
	}
	a.fail(&exception{241, "Code: 241. DB::Exception: x\n"})
	tag := w.Header().Get("X-ClickHouse-Exception-Tag")
	want := "1\n\r\n__exception__\r\n" + tag + "\r\nCode: 241. DB::Exception: x\n28 " + tag + "\r\n__exception__\r\n"
	if got := w.Body.String(); got != want || w.Code != 200 || len(tag) != 16 {
		t.Errorf("%d %q, want %q", w.Code, got, want)
	}
	if _, err := newAnswer(w, &request{packed: "BROTLI"}, "id"); err == nil {
		t.Error("an unknown compression")
	}
}

func TestContentType(t *testing.T) {
	t.Parallel()
	f := func(format, want string) {
		t.Helper()
		if got, _, _ := strings.Cut(contentType(format), ";"); got != want {
			t.Errorf("%s: %s", format, got)
		}
	}
	f("JSON", "application/json")
	f("JSONEachRow", "application/x-ndjson")
	f("CSVWithNames", "text/csv")
	f("TabSeparated", "text/tab-separated-values")
	f("Pretty", "text/plain")
	f("Native", "application/octet-stream")
}
