package tsdb

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"

	textformat "github.com/VictoriaMetrics/VictoriaMetrics/lib/protoparser/prometheus"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"monitoring/storage"
)

// These tests compare what a page is read as: the remembered lines against a reader without memory, and both against the
// full parser. No engine is needed.

func newReader(target ...storage.Label) *Exposition {
	db := &DB{metadata: newMetadataStore()}
	return db.NewExposition(ExpositionOptions{Labels: target, SampleLimit: 1000})
}

// readPage reads a page and remembers it. The result is by series name in the engine's form.
func readPage(e *Exposition, page string) (map[string]float64, ExpositionStats, error) {
	if page != "" && !strings.HasSuffix(page, "\n") {
		return nil, ExpositionStats{}, ErrPageTruncated
	}
	r := pageReader{e: e, page: []byte(page), at: 1, batch: &rows{}}
	if err := r.read(); err != nil {
		return nil, ExpositionStats{}, err
	}
	out := map[string]float64{}
	start := 0
	for i, end := range r.batch.ends {
		name := string(r.batch.buf[start:end])
		if _, ok := out[name]; ok {
			panic(fmt.Sprintf("series %q is written twice", name))
		}
		out[name] = r.batch.rows[i].Value
		start = end
	}
	r.commit()
	return out, r.stats, nil
}

var sameNaN = cmp.Options{
	cmpopts.EquateNaNs(),
	cmpopts.EquateApprox(1e-12, 0),
}

// withoutMarkers drops staleness markers: a reader without memory has none to write.
func withoutMarkers(m map[string]float64) map[string]float64 {
	maps.DeleteFunc(m, func(_ string, v float64) bool { return math.IsNaN(v) })
	return m
}

// fullParse reads a page with the full parser alone; ok is false when it complains.
func fullParse(page string) (out map[string]float64, ok bool) {
	out = map[string]float64{}
	ok = true
	var rows textformat.Rows
	rows.UnmarshalWithErrLogger(page, func(string) { ok = false })
	seen := map[string]bool{}
	p := newReader().parser
	for _, row := range rows.Rows {
		var tags []storage.Label
		for _, t := range row.Tags {
			tags = append(tags, storage.Label{Name: t.Key, Value: t.Value})
		}
		if p.setLabels(row.Metric, tags) != nil {
			return nil, false
		}
		name, _ := appendSeriesName(nil, p.labels, nil)
		p.hash() // sorts the labels
		sorted, _ := appendSeriesName(nil, p.labels, nil)
		if !seen[string(sorted)] && !math.IsNaN(row.Value) {
			out[string(name)] = row.Value
		}
		seen[string(sorted)] = true
	}
	return out, ok
}

func comparePages(t interface {
	Helper()
	Fatalf(string, ...any)
}, first, second string) {
	t.Helper()
	remembering := newReader()
	_, _, firstErr := readPage(remembering, first)
	got, gotStats, err := readPage(remembering, second)
	want, wantStats, wantErr := readPage(newReader(), second)
	if fmt.Sprint(err) != fmt.Sprint(wantErr) {
		t.Fatalf("after %q the page %q gives error %v, without memory %v", first, second, err, wantErr)
	}
	if err != nil {
		return
	}
	markers := len(got)
	got, want = withoutMarkers(got), withoutMarkers(want)
	markers -= len(got)
	if d := cmp.Diff(want, got, sameNaN); d != "" {
		t.Fatalf("after %q the page %q is read differently:\n%s", first, second, d)
	}
	if gotStats.Samples != wantStats.Samples || gotStats.Dropped != wantStats.Dropped {
		t.Fatalf("after %q the page %q: %+v, without memory %+v", first, second, gotStats, wantStats)
	}
	if firstErr == nil {
		before, _, _ := readPage(newReader(), first)
		ended, added := 0, 0
		for name := range withoutMarkers(before) {
			if _, ok := got[name]; !ok && !sameSeriesElsewhere(name, got) {
				ended++
			}
		}
		for name := range got {
			if _, ok := before[name]; !ok && !sameSeriesElsewhere(name, before) {
				added++
			}
		}
		if markers != ended || gotStats.Added != added {
			t.Fatalf("%q then %q: %d series ended and %d were added, want %d and %d", first, second, markers, gotStats.Added, ended, added)
		}
	}
	if full, ok := fullParse(second); ok {
		if d := cmp.Diff(full, got, sameNaN); d != "" {
			t.Fatalf("%q: full parser (-) and ours (+) differ:\n%s", second, d)
		}
	}
}

// sameSeriesElsewhere looks for a series with the same labels in another order.
func sameSeriesElsewhere(name string, list map[string]float64) bool {
	for other := range list {
		if sortedName(other) == sortedName(name) {
			return true
		}
	}
	return false
}

// sortedName sorts the parts of a series name in the engine's form: a two-byte length before every name and value.
func sortedName(name string) string {
	var d decoder
	if err := d.name.UnmarshalRaw([]byte(name)); err != nil {
		panic(err)
	}
	d.builder.Reset()
	d.builder.Add("__name__", string(d.name.MetricGroup))
	for _, t := range d.name.Tags {
		d.builder.Add(string(t.Key), string(t.Value))
	}
	d.builder.Sort()
	return d.builder.Labels().String()
}

func TestRememberedLinesAreReadAsNewOnes(t *testing.T) {
	t.Parallel()
	line := rapid.Custom(func(r *rapid.T) string {
		name := rapid.SampledFrom([]string{"a", "b_total", "c"}).Draw(r, "name")
		labels := rapid.SampledFrom([]string{"", "", `{x="1"}`, `{x="2",y="#} {"}`, `{y="#} {",x="2"}`, `{ x="1" , z="\"\\\n" }`, `{x="",}`}).Draw(r, "labels")
		value := rapid.SampledFrom([]string{"0", "1", "-2.5", "1e3", "NaN", "+Inf", "-Inf", "1 1700000000000", "9007199254740993", "0.1 # comment", "5e-324", "-0"}).Draw(r, "value")
		return name + labels + rapid.SampledFrom([]string{" ", "  ", "\t"}).Draw(r, "blank") + value
	})
	other := rapid.SampledFrom([]string{"", "# TYPE a gauge", "# TYPE c counter", "# HELP a text \\\\ \\n", "# note", "  a 7", "a{x=\"1\"}8", "bad line", "a{x=\"1\" 3", "1a 3"})
	page := rapid.Custom(func(r *rapid.T) string {
		lines := rapid.SliceOfN(rapid.OneOf(line, line, line, other), 0, 12).Draw(r, "lines")
		end := rapid.SampledFrom([]string{"\n", "\n", "\r\n"}).Draw(r, "end")
		return strings.Join(append(lines, ""), end)
	})
	rapid.Check(t, func(r *rapid.T) {
		first := page.Draw(r, "first")
		second := first
		if rapid.Bool().Draw(r, "changed") {
			second = page.Draw(r, "second")
		}
		comparePages(r, first, second)
	})
}

func FuzzExposition(f *testing.F) {
	f.Add("a 1\n", "a 2\n")
	f.Add("# TYPE a counter\na{b=\"c\"} 1\nd 2\n", "a{b=\"c\"} NaN\nd +Inf\ne 1e-9\n")
	f.Add("a{b=\"\\\"\"} 1 2\r\n", "a{b=\"\\\"\"}1\n\n#\n")
	f.Add("a{b=\"1\",c=\"2\"} 1\n", "a{c=\"2\",b=\"1\"} 1\n")
	f.Add("a 0x1p-2\n", "a 1_000\n")
	f.Fuzz(func(t *testing.T, first, second string) { comparePages(t, first, second) })
}

// FuzzScanValue holds the fast number reader against the library.
func FuzzScanValue(f *testing.F) {
	for _, s := range []string{"1", "-0", "1.5e-7", "9007199254740993", "1e22", "1e23", "NaN", "+Inf", "-inf", ".5", "5.", "1e400", "0x10", "1_0", "", "-", "12345678901234567890123", "1e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsAny(s, " \t\n\r#") {
			return
		}
		v, n, ok := scanValue([]byte(s + "\n"))
		want, wantOK := parseNumber([]byte(s))
		if ok && (!wantOK || n != len(s)+1 || math.Float64bits(v) != math.Float64bits(want)) {
			t.Fatalf("%q is read as %v (%d bytes), want %v %v", s, v, n, want, wantOK)
		}
		if simple := len(s) < 16 && strings.Trim(s, "0123456789") == "" && s != ""; simple && !ok {
			t.Fatalf("%q is not read", s)
		}
	})
}

func TestUnfitPages(t *testing.T) {
	t.Parallel()
	check := func(page string, want error, line int, befores ...string) {
		t.Helper()
		e := newReader(storage.Label{Name: "server", Value: "1"})
		for _, before := range befores {
			if _, _, err := readPage(e, before); err != nil {
				t.Fatal(err)
			}
			_, _, err := readPage(e, before+page)
			var p *PageError
			if !errors.Is(err, want) || !errors.As(err, &p) || p.Line != line+strings.Count(before, "\n") {
				t.Errorf("%.60q: %v, want %v in line %d", page, err, want, line)
			}
			// The remembered page is untouched.
			if got, stats, err := readPage(e, before); err != nil || stats.Added != 0 || len(got) != strings.Count(before, "\n") {
				t.Errorf("%.60q: afterwards the page before gives %v %+v %v", page, got, stats, err)
			}
		}
	}
	f := func(page string, want error, line int) {
		t.Helper()
		check(page, want, line, "", "good 1\n")
	}
	f("<html>\n<body>not found</body>\n", ErrPageSyntax, 1)
	f("a 1\nb\n", ErrPageSyntax, 2)
	f("a 1\nb{x=\"1\n", ErrPageSyntax, 2)
	f("a{x=\"1\"\n", ErrPageSyntax, 1)
	f("a{x=1} 1\n", ErrPageSyntax, 1)
	f("a one\n", ErrPageSyntax, 1)
	f("a 1e999\n", ErrPageSyntax, 1)
	f("a 0x10\n", ErrPageSyntax, 1)
	f("a 1 later\n", ErrPageSyntax, 1)
	f("1a 1\n", ErrPageSyntax, 1)
	f("a{1x=\"1\"} 1\n", ErrPageSyntax, 1)
	f("a{x=\"1\",x=\"2\"} 1\n", ErrPageSyntax, 1)
	f("a{__name__=\"b\"} 1\n", ErrPageSyntax, 1)
	f("a{x=\"\xff\"} 1\n", ErrPageSyntax, 1)
	f("\x1f\x8b\x08\x00\x00\n", ErrPageSyntax, 1)
	f("\x0a\x00\xff\xfe\n", ErrPageSyntax, 2)
	f("a{x=\""+strings.Repeat("v", 5000)+"\"} 1\n", ErrLabelLimit, 1)
	f("a{"+strings.Repeat("n", 300)+"=\"1\"} 1\n", ErrLabelLimit, 1)
	f("a{"+manyLabels(64)+"} 1\n", ErrLabelLimit, 1)
	check(strings.Repeat("a 1\n", 1001), ErrSampleLimit, 1001, "") // duplicates count
	check(manySeries(1_000_000), ErrSampleLimit, 1001, "")
	f(strings.Repeat("# TYPE a counter\n", 2001), ErrSampleLimit, 2001)
}

func manyLabels(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "l%d=\"v\",", i)
	}
	return b.String()
}

func manySeries(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "s%d 1\n", i)
	}
	return b.String()
}
