package promapi

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/prompb"

	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

// The same present samples go into our store and, by remote write, into a running Prometheus.

// writeRemote sends samples to a Prometheus at base.
func writeRemote(t *testing.T, base string, samples []storage.Sample) {
	t.Helper()
	var request prompb.WriteRequest
	for _, s := range samples {
		var set []prompb.Label
		for _, l := range s.Labels {
			set = append(set, prompb.Label{Name: l.Name, Value: l.Value})
		}
		slices.SortFunc(set, func(a, b prompb.Label) int { return strings.Compare(a.Name, b.Name) })
		request.Timeseries = append(request.Timeseries, prompb.TimeSeries{Labels: set, Samples: []prompb.Sample{{Timestamp: s.Time, Value: s.Value}}})
	}
	body, err := request.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if status, _, answer := post(t, base+"/api/v1/write", snappy.Encode(nil, body)); status/100 != 2 {
		t.Fatalf("remote write: %d %s", status, answer)
	}
}

// present are samples of now: with and without an instance, to be quoted, large and small, one ended, one too old.
func present(now time.Time) []storage.Sample {
	at := func(ago time.Duration) time.Time { return now.Add(-ago).Truncate(time.Millisecond) }
	return []storage.Sample{
		sample(at(time.Minute), 1, "__name__", "up", "job", "node", "instance", "a:9100"),
		sample(at(time.Minute), 0, "__name__", "up", "job", "node", "instance", "b:9100"),
		sample(at(30*time.Second), 1, "__name__", "up", "job", "node", "instance", "b:9100"),
		sample(at(time.Minute), 0.25, "__name__", "usage_ratio", "server", "1"),
		sample(at(time.Minute), 1e21, "__name__", "usage_ratio", "server", "2"),
		sample(at(time.Minute), math.Inf(-1), "__name__", "quoted", "path", `C:\"x"`, "text", "ключ\nvalue"),
		sample(at(time.Minute), 5, "__name__", "ended", "server", "1"),
		sample(at(20*time.Second), math.Float64frombits(value.StaleNaN), "__name__", "ended", "server", "1"),
		sample(at(10*time.Minute), 5, "__name__", "old", "server", "1"),
	}
}

// federateOf mounts federation over db.
func federateOf(t *testing.T, db *tsdb.DB) string {
	t.Helper()
	mux := quietMux()
	mux.Mount("/federate", rest.Only(rest.MetricsRead), quiet(db).FederateRoutes)
	return listen(t, mux)
}

// federated asks for a page and returns its lines, sorted.
func federated(t *testing.T, base string, selectors ...string) (status int, lines []string) {
	t.Helper()
	resp := get(t, base+"/federate?"+url.Values{"match[]": selectors}.Encode(), "")
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	lines = strings.Split(strings.TrimSpace(string(page)), "\n")
	slices.Sort(lines)
	return resp.StatusCode, lines
}

func get(t *testing.T, target, accept string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestFederateAsPrometheus(t *testing.T) {
	t.Parallel()
	samples := present(time.Now())
	db := storagetest.TSDB(t)
	fill(t, db, samples)
	ours, theirs := federateOf(t, db), runPrometheus(t, t.TempDir(), "global: {}\n")
	writeRemote(t, theirs, samples)
	for _, selectors := range [][]string{
		{`{__name__=~".+"}`}, {"up"}, {`up{instance="b:9100"}`, "usage_ratio", "up"}, {"quoted"}, {"ended"}, {"old"}, {"nothing"}, {}, {"up{"}, {"up", "1"},
	} {
		gotStatus, got := federated(t, ours, selectors...)
		wantStatus, want := federated(t, theirs, selectors...)
		if diff := cmp.Diff(want, got); gotStatus != wantStatus || diff != "" {
			t.Errorf("%q: status %d, theirs %d\n%s", selectors, gotStatus, wantStatus, diff)
		}
	}
	if _, got := federated(t, ours, `{__name__=~".+"}`); len(got) != 3+5 { // three families of five series
		t.Errorf("%d lines: %q", len(got), got)
	}
}

// What a Prometheus really asks for: its Accept header may prefer protocol buffers.
func TestFederateProtobuf(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	fill(t, db, present(time.Now()))
	resp := get(t, federateOf(t, db)+"/federate?match[]=up", string(expfmt.NewFormat(expfmt.TypeProtoDelim)))
	defer resp.Body.Close()
	format := expfmt.ResponseFormat(resp.Header)
	if format.FormatType() != expfmt.TypeProtoDelim {
		t.Fatalf("Content-Type %s", resp.Header.Get("Content-Type"))
	}
	decoder := expfmt.SampleDecoder{Dec: expfmt.NewDecoder(resp.Body, format), Opts: &expfmt.DecodeOptions{}}
	var vector model.Vector
	if err := decoder.Decode(&vector); err != nil {
		t.Fatal(err)
	}
	if len(vector) != 2 || vector[0].Metric["instance"] != "a:9100" || vector[1].Value != 1 {
		t.Errorf("%v", vector)
	}
}

// The counts of the index are those of Prometheus' head, which holds the same series.
func TestStatusAsPrometheus(t *testing.T) {
	t.Parallel()
	now := time.Now()
	samples := present(now)
	for i := range 40 {
		samples = append(samples, sample(now, 1, "__name__", "many", "n", strconv.Itoa(i), "server", strconv.Itoa(i%3)))
	}
	samples = slices.DeleteFunc(samples, func(s storage.Sample) bool { return s.Time/86_400_000 != now.UnixMilli()/86_400_000 }) // just after midnight
	db := storagetest.TSDB(t)
	fill(t, db, samples)
	theirs := runPrometheus(t, t.TempDir(), "global: {}\n")
	writeRemote(t, theirs, samples)
	ours := serve(t, db)
	for limit, most := range map[string]int{"": 10, "3": 3, "100": 100} {
		got, want := status(t, ours, url.Values{"limit": {limit}}), status(t, theirs+"/api/v1", nil) // 2.42 always gives ten
		if got.HeadStats.NumSeries != want.HeadStats.NumSeries || got.HeadStats.NumLabelPairs != want.HeadStats.NumLabelPairs {
			t.Errorf("head %+v, theirs %+v", got.HeadStats, want.HeadStats)
		}
		if got.HeadStats.MinTime > samples[0].Time || got.HeadStats.MaxTime < want.HeadStats.MaxTime {
			t.Errorf("head from %d to %d does not hold theirs, to %d", got.HeadStats.MinTime, got.HeadStats.MaxTime, want.HeadStats.MaxTime)
		}
		sameCounts(t, "series by metric", most, got.SeriesCountByMetricName, want.SeriesCountByMetricName)
		sameCounts(t, "values by label", most, got.LabelValueCountByLabelName, want.LabelValueCountByLabelName)
		sameCounts(t, "series by pair", most, got.SeriesCountByLabelValuePair, want.SeriesCountByLabelValuePair)
	}
}

// sameCounts compares the counts, descending; among equal ones any name may be cut off. theirs has at most ten.
func sameCounts(t *testing.T, what string, most int, ours, theirs []countItem) {
	t.Helper()
	n := len(theirs)
	if len(ours) > most || len(ours) < min(n, most) {
		t.Errorf("%s: %d entries of at most %d, theirs %d", what, len(ours), most, n)
		return
	}
	known := map[string]uint64{}
	for _, e := range theirs {
		known[e.Name] = e.Value
	}
	for i, e := range ours[:min(n, len(ours))] {
		if e.Value != theirs[i].Value {
			t.Errorf("%s: entry %d is %+v, theirs %+v", what, i, e, theirs[i])
		}
		if v, ok := known[e.Name]; ok && v != e.Value {
			t.Errorf("%s: %s counts %d, theirs %d", what, e.Name, e.Value, v)
		}
	}
}

func status(t *testing.T, api string, form url.Values) tsdbStatusItem {
	t.Helper()
	answer := ask(t, "GET", api, "/status/tsdb", form)
	var got tsdbStatusItem
	if err := json.Unmarshal(answer.Data, &got); err != nil {
		t.Fatalf("%+v: %v", answer, err)
	}
	return got
}

func TestStatusLimits(t *testing.T) {
	t.Parallel()
	api, _ := small(t)
	for _, c := range [][2]string{{"0", "positive number"}, {"-1", "positive number"}, {"x", "positive number"}, {"10001", "must not exceed 10000"}} {
		if got := ask(t, "GET", api, "/status/tsdb", url.Values{"limit": {c[0]}}); got.Code != 400 || got.ErrorType != "bad_data" || !strings.Contains(got.Error, c[1]) {
			t.Errorf("limit %s: %+v", c[0], got)
		}
	}
}
