package promapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

// small serves three series of one metric at one moment.
func small(t *testing.T) (url string, at time.Time) {
	t.Helper()
	db, at := storagetest.TSDB(t), base()
	fill(t, db, []storage.Sample{
		sample(at, 1, "__name__", "up", "job", "node", "server", "1"),
		sample(at, 0, "__name__", "up", "job", "node", "server", "2"),
		sample(at, 7, "__name__", "load", "job", "node", "server", "1"),
	})
	return serve(t, db), at
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	api, at := small(t)
	now := strconv.FormatInt(at.Unix(), 10)
	f := func(method, path, form, want string) {
		t.Helper()
		values, err := url.ParseQuery(form)
		if err != nil {
			t.Fatal(err)
		}
		got := ask(t, method, api, path, values)
		if got.Code != 200 || got.Status != "success" {
			t.Errorf("%s %s %s: %d %s %s", method, path, form, got.Code, got.ErrorType, got.Error)
			return
		}
		if diff := cmp.Diff(canonical(t, []byte(want)), canonical(t, got.Data)); diff != "" {
			t.Errorf("%s %s %s:\n%s", method, path, form, diff)
		}
	}
	up := `{"metric":{"__name__":"up","job":"node","server":"1"},"value":[` + now + `,"1"]}`
	down := `{"metric":{"__name__":"up","job":"node","server":"2"},"value":[` + now + `,"0"]}`
	for _, method := range []string{"GET", "POST"} {
		f(method, "/query", "query=sort_desc(up)&time="+now, `{"resultType":"vector","result":[`+up+`,`+down+`]}`)
		f(method, "/query_range", "query=sum(up)&step=15&start="+now+"&end="+now, `{"resultType":"matrix","result":[{"metric":{},"values":[[`+now+`,"1"]]}]}`)
		f(method, "/series", "match[]=load", `[{"__name__":"load","job":"node","server":"1"}]`)
		f(method, "/labels", "", `["__name__","job","server"]`)
	}
	f("GET", "/query", "query=1%2B1&time="+now, `{"resultType":"scalar","result":[`+now+`,"2"]}`)
	f("GET", "/query", `query="text"&time=`+now, `{"resultType":"string","result":[`+now+`,"text"]}`)
	f("GET", "/query", "query=absent_metric&time="+now, `{"resultType":"vector","result":[]}`)
	f("GET", "/query", "query=up&lookback_delta=1s&time="+strconv.FormatInt(at.Unix()+60, 10), `{"resultType":"vector","result":[]}`)
	f("GET", "/series", "match[]=load&match[]=up{server='2'}", `[{"__name__":"load","job":"node","server":"1"},{"__name__":"up","job":"node","server":"2"}]`)
	f("GET", "/series", "match[]=nothing", `[]`)
	f("GET", "/labels", "match[]=nothing", `[]`)
	f("GET", "/label/server/values", "", `["1","2"]`)
	f("GET", "/label/server/values", "match[]=load", `["1"]`)
	f("GET", "/label/__name__/values", "", `["load","up"]`)
	f("GET", "/label/nothing/values", "", `[]`)
	f("GET", "/metadata", "", `{}`)
}

// canonical decodes JSON, so that only meaning is compared.
func canonical(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	api, at := small(t)
	now := strconv.FormatInt(at.Unix(), 10)
	week := strconv.FormatInt(at.Add(-7*24*time.Hour).Unix(), 10)
	f := func(path, form string, wantCode int, wantType, wantError string) {
		t.Helper()
		values, err := url.ParseQuery(form)
		if err != nil {
			t.Fatal(err)
		}
		got := ask(t, "GET", api, path, values)
		if got.Code != wantCode || got.Status != "error" || got.ErrorType != wantType || !strings.Contains(got.Error, wantError) || got.Data != nil {
			t.Errorf("%s %s: %+v, want %d %s %q", path, form, got, wantCode, wantType, wantError)
		}
	}
	f("/query", "", 400, "bad_data", `invalid parameter "query"`)
	f("/query", "query=up{", 400, "bad_data", `invalid parameter "query": 1:4: parse error`)
	f("/query", "query=up&time=yesterday", 400, "bad_data", `invalid parameter "time": invalid time value for 'time': cannot parse "yesterday"`)
	f("/query", "query=up&timeout=soon", 400, "bad_data", `invalid parameter "timeout"`)
	f("/query", "query=up&lookback_delta=soon", 400, "bad_data", "lookback delta")
	f("/query", "query=up&limit=-1", 400, "bad_data", `invalid parameter "limit": limit must be non-negative`)
	f("/query", "query=up&limit=many", 400, "bad_data", `invalid parameter "limit"`)
	f("/query", "query=up%2Bon(job)up&time="+now, 422, "execution", "many-to-many")
	f("/query", "query=up&timeout=0.000000001", 503, "timeout", "timed out")
	f("/query", "query=up&timeout=-1", 503, "timeout", "timed out")
	f("/query_range", "query=up&end="+now+"&step=15", 400, "bad_data", `invalid parameter "start"`)
	f("/query_range", "query=up&start="+now+"&step=15", 400, "bad_data", `invalid parameter "end"`)
	f("/query_range", "query=up&start="+now+"&end="+week+"&step=15", 400, "bad_data", "end timestamp must not be before start time")
	f("/query_range", "query=up&start="+now+"&end="+now, 400, "bad_data", `invalid parameter "step"`)
	f("/query_range", "query=up&start="+now+"&end="+now+"&step=0", 400, "bad_data", "zero or negative query resolution")
	f("/query_range", "query=up&start="+now+"&end="+now+"&step=-15", 400, "bad_data", "zero or negative query resolution")
	f("/query_range", "query=up&start="+week+"&end="+now+"&step=10", 400, "bad_data", "11,000 points")
	f("/query_range", "query=up[5m]&start="+week+"&end="+now+"&step=100", 400, "bad_data", "range vector")
	f("/series", "", 400, "bad_data", "no match[] parameter provided")
	f("/series", "match[]=up{", 400, "bad_data", `invalid parameter "match[]"`)
	f("/series", "match[]={job=~'.*'}", 400, "bad_data", "at least one non-empty matcher")
	f("/series", "match[]=up&start=soon", 400, "bad_data", `invalid parameter "start"`)
	f("/labels", "end=soon", 400, "bad_data", `invalid parameter "end"`)
	f("/labels", "match[]=1", 400, "bad_data", "parse error")
	f("/label/a%FFb/values", "", 400, "bad_data", "invalid label name")
	f("/label/job/values", "limit=x", 400, "bad_data", `invalid parameter "limit"`)
	f("/metadata", "limit=x", 400, "bad_data", "limit must be a number")
	f("/metadata", "limit_per_metric=x", 400, "bad_data", "limit_per_metric must be a number")
}

func TestBodyIsBounded(t *testing.T) {
	t.Parallel()
	api, _ := small(t)
	got := ask(t, "POST", api, "/query", url.Values{"query": {strings.Repeat("x", rest.MaxBody+1)}})
	if got.Code != http.StatusRequestEntityTooLarge || got.Data != nil {
		t.Errorf("%+v", got)
	}
}

func TestLimitCutsAndWarns(t *testing.T) {
	t.Parallel()
	api, at := small(t)
	now := strconv.FormatInt(at.Unix(), 10)
	f := func(path, form string, wantLen int, wantWarning bool) {
		t.Helper()
		values, err := url.ParseQuery(form)
		if err != nil {
			t.Fatal(err)
		}
		got := ask(t, "GET", api, path, values)
		var list []json.RawMessage
		if err := json.Unmarshal(got.Data, &list); err != nil {
			var result struct{ Result []json.RawMessage }
			if err := json.Unmarshal(got.Data, &result); err != nil {
				t.Fatalf("%s %s: %s", path, form, got.Data)
			}
			list = result.Result
		}
		warned := len(got.Warnings) == 1 && got.Warnings[0] == "results truncated due to limit"
		if len(list) != wantLen || warned != wantWarning {
			t.Errorf("%s %s: %d results, warnings %q; want %d, %t", path, form, len(list), got.Warnings, wantLen, wantWarning)
		}
	}
	f("/query", "query=up&limit=1&time="+now, 1, true)
	f("/query", "query=up&limit=2&time="+now, 2, false)
	f("/query", "query=up&limit=0&time="+now, 2, false)
	f("/query_range", "query=up&limit=1&step=60&start="+now+"&end="+now, 1, true)
	f("/series", "match[]=up&limit=1", 1, true)
	f("/series", "match[]=up&limit=2", 2, false)
	f("/labels", "limit=2", 2, true)
	f("/label/server/values", "limit=1", 1, true)
}

// Metadata comes from the pages that were scraped.
func TestMetadata(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	const page = "# HELP up_total Bytes.\n# TYPE up_total counter\nup_total 1\n# HELP heat Degrees.\n# TYPE heat gauge\nheat 2\n"
	if _, err := db.NewExposition(tsdb.ExpositionOptions{}).Append([]byte(page), base()); err != nil {
		t.Fatal(err)
	}
	api := serve(t, db)
	f := func(form, want string) {
		t.Helper()
		values, err := url.ParseQuery(form)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(canonical(t, []byte(want)), canonical(t, ask(t, "GET", api, "/metadata", values).Data)); diff != "" {
			t.Errorf("%s:\n%s", form, diff)
		}
	}
	heat := `"heat":[{"type":"gauge","help":"Degrees.","unit":""}]`
	f("", `{`+heat+`,"up_total":[{"type":"counter","help":"Bytes.","unit":""}]}`)
	f("metric=heat", `{`+heat+`}`)
	f("metric=heat&limit=5&limit_per_metric=1", `{`+heat+`}`)
	f("metric=nothing", `{}`)
	f("limit=0", `{}`)
}

// The engine's remarks reach the client: rate over something that is no counter.
func TestInfos(t *testing.T) {
	t.Parallel()
	db, at := storagetest.TSDB(t), base()
	var samples []storage.Sample
	for i := range 10 {
		samples = append(samples, sample(at.Add(time.Duration(i)*10*time.Second), float64(i), "__name__", "temperature"))
	}
	fill(t, db, samples)
	got := ask(t, "GET", serve(t, db), "/query", url.Values{"query": {"rate(temperature[1m])"}, "time": {strconv.FormatInt(at.Unix()+90, 10)}})
	if got.Code != 200 || len(got.Infos) != 1 || !strings.Contains(got.Infos[0], "might not be a counter") {
		t.Errorf("%+v", got)
	}
}

func TestCanceledRequest(t *testing.T) {
	t.Parallel()
	if got := kindOf(context.Canceled); got != canceled || statusOf[got] != 499 {
		t.Errorf("a client that left gets %s %d", got, statusOf[got])
	}
	if got := kindOf(tsdb.ErrBusy); statusOf[got] != 503 {
		t.Errorf("too many queries give %s %d", got, statusOf[got])
	}
}

func TestBuildInfo(t *testing.T) {
	t.Parallel()
	api, _ := small(t)
	var info BuildInfo
	if err := json.Unmarshal(ask(t, "GET", api, "/status/buildinfo", nil).Data, &info); err != nil {
		t.Fatal(err)
	}
	if info.Version != Compatible || !strings.Contains(info.Revision, "1.2.3") || info.GoVersion == "" {
		t.Errorf("%+v", info)
	}
}

// Module v0.315.1 is Prometheus 3.15.1. Whoever raises the module raises what we say to be compatible with.
func TestCompatibleIsTheEnginesRelease(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	major, rest, _ := strings.Cut(Compatible, ".")
	minor, patch, _ := strings.Cut(rest, ".")
	if want := "github.com/prometheus/prometheus v0." + major + minor + "." + patch + "\n"; !strings.Contains(string(mod), want) {
		t.Errorf("go.mod does not require %s", want)
	}
}
