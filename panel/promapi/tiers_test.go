package promapi

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/storagetest"
)

// TestMaxSourceResolution: the parameter chooses the tier, and what the tier cannot know stands in the answer's warnings.
func TestMaxSourceResolution(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	end := time.Now().Add(-2 * time.Minute).Truncate(time.Hour)
	var samples []storage.Sample
	for i := 1; i <= 4*360; i++ {
		at := end.Add(time.Duration(i-4*360) * 10 * time.Second)
		samples = append(samples, sample(at, float64(i%10), "__name__", "load", "job", "node"), sample(at, float64(i), "__name__", "c_total", "job", "node"))
	}
	fill(t, db, samples)
	if err := db.RollUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	api := serve(t, db)
	f := func(path, expr, resolution, want, warning, info string) {
		t.Helper()
		form := url.Values{"query": {expr}, "max_source_resolution": {resolution}}
		last := strconv.FormatInt(end.Unix(), 10)
		if path == "/query" {
			form.Set("time", last)
		} else {
			form.Set("start", last)
			form.Set("end", last)
			form.Set("step", "7200")
		}
		got := ask(t, "POST", api, path, form)
		if got.Code != 200 || lastValue(t, got.Data) != want {
			t.Errorf("%s %s: %d %s %s, want %s", expr, resolution, got.Code, got.Data, got.Error, want)
		}
		if warning == "" && len(got.Warnings) > 0 || !strings.Contains(strings.Join(got.Warnings, "\n"), warning) || !strings.Contains(strings.Join(got.Infos, "\n"), info) || info == "" && len(got.Infos) > 0 {
			t.Errorf("%s %s: warnings %q, infos %q; want %q, %q", expr, resolution, got.Warnings, got.Infos, warning, info)
		}
	}
	for _, path := range []string{"/query", "/query_range"} {
		f(path, "load", "", "0", "", "")
		f(path, "load", "0", "0", "", "")
		f(path, "load", "5m", "4.5", "", "windows of 5m")
		f(path, "avg_over_time(load[4h])", "1h", "4.5", "", "windows of 1h")
		f(path, "max_over_time(load[4h])", "1h", "9", "", "windows of 1h")
		f(path, "increase(c_total[2h])", "1h", "720", "", "windows of 1h")
		f(path, "quantile_over_time(0.5, load[4h])", "1h", "4.5", "PromQL warning: quantile_over_time runs on the means of windows of 1h", "windows of 1h")
	}
	f("/query_range", "avg_over_time(load[2h])", "auto", "4.5", "", "windows of 1h") // by the step of two hours
	bad := ask(t, "GET", api, "/query", url.Values{"query": {"load"}, "max_source_resolution": {"2m"}})
	if bad.Code != 400 || bad.ErrorType != "bad_data" || !strings.Contains(bad.Error, "max_source_resolution") {
		t.Errorf("a resolution that there is not: %+v", bad)
	}
}

// lastValue is the value of the only series of a vector or a matrix.
func lastValue(t *testing.T, data json.RawMessage) string {
	t.Helper()
	var d struct {
		Result []struct {
			Value  [2]any
			Values [][2]any
		}
	}
	if err := json.Unmarshal(data, &d); err != nil || len(d.Result) != 1 {
		t.Fatalf("%s %v", data, err)
	}
	r := d.Result[0]
	if len(r.Values) > 0 {
		r.Value = r.Values[len(r.Values)-1]
	}
	text, _ := r.Value[1].(string)
	return text
}
