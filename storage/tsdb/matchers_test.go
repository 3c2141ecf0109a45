package tsdb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"pgregory.net/rapid"

	"monitoring/storage"
)

// labelledSamples is two series per strange value of a label.
func labelledSamples() []storage.Sample {
	at := hourStart.UnixMilli()
	out := []storage.Sample{sample("m", at, 1), sample("other", at, 2), sample(`{"m:rule.x"}`, at, 3)}
	for _, v := range []string{"a", "b", "ab", "aa", "A", "a.b", "a\nb", "\n", "^a", "a$", "a|b", "(a)", "ä", " a", "a ", `\`, `"`, "\x00", "\x01a", "a\x02b", ".*", ".+", "true", "10", "1e1", strings.Repeat("long", 500)} {
		s := sample("m", at, 4)
		s.Labels = append(s.Labels, storage.Label{Name: "x", Value: v})
		out = append(out, s)
		s.Labels = append(slices.Clone(s.Labels), storage.Label{Name: "y", Value: "1"})
		out = append(out, s)
	}
	return out
}

func TestMatchersEqualPrometheus(t *testing.T) {
	t.Parallel()
	p := newPair(t, labelledSamples())
	f := func(selector string) {
		t.Helper()
		checkSelector(t, p, selector)
	}
	f(`m`)
	f(`m{x=""}`)
	f(`m{x!=""}`)
	f(`m{x="a"}`)
	f(`m{x!="a"}`)
	f(`m{x=~""}`)
	f(`m{x!~""}`)
	f(`m{x=~".*"}`)
	f(`m{x!~".*"}`)
	f(`m{x=~".+"}`)
	f(`m{x!~".+"}`)
	f(`m{x=~"|a"}`)
	f(`m{x!~"|a"}`)
	f(`m{x=~"a|b|"}`)
	f(`m{x=~"a?"}`)
	f(`m{x!~"a?"}`)
	f(`m{x=~"a"}`)
	f(`m{x=~"^a$"}`)
	f(`m{x=~"^a"}`)
	f(`m{x=~"a$"}`)
	f(`m{x=~"\\^a"}`)
	f(`m{x=~"a\\$"}`)
	f(`m{x=~"a."}`)
	f(`m{x=~"a.b"}`)
	f(`m{x=~"a\\.b"}`)
	f(`m{x=~"a.*"}`)
	f(`m{x!~"a.*"}`)
	f(`m{x=~"a.+b"}`)
	f(`m{x=~".*b"}`)
	f(`m{x=~".*a.*"}`)
	f(`m{x=~".+a.+"}`)
	f(`m{x=~"(?i)a"}`)
	f(`m{x=~"(?i)a|b"}`)
	f(`m{x=~"(?i:a)b"}`)
	f(`m{x=~"[ab]"}`)
	f(`m{x=~"[ab]+"}`)
	f(`m{x=~"[^a]"}`)
	f(`m{x=~"a{2}"}`)
	f(`m{x=~"(a|b)(a|b)"}`)
	f(`m{x=~"a\\|b"}`)
	f(`m{x=~"\\(a\\)"}`)
	f(`m{x=~"ä|A"}`)
	f(`m{x=~"\\s?a\\s?"}`)
	f(`m{x=~"\\ba\\b"}`)
	f(`m{x=~"\n"}`)
	f(`m{x=~"."}`)
	f(`m{x=~"(?-s:.)"}`)
	f(`m{x=~"\\."}`)
	f(`m{x=~"\\.\\*"}`)
	f(`m{x=".*"}`)
	f(`m{x=~"\x00"}`)
	f(`m{x="\x01a"}`)
	f(`m{x=~"\x01."}`)
	f(`m{x=~"a\x02b|\\\\"}`)
	f(`m{x="\\"}`)
	f(`m{x="\""}`)
	f(`m{x=~"1(e|0).?"}`)
	f(`m{x=~"(long)+"}`)
	f(`m{x=~"a", x!~"a"}`)
	f(`m{x!="a", x!="b", y=""}`)
	f(`m{x=~"a|b|ab", y!=""}`)
	f(`m{y!="1"}`)
	f(`m{z=""}`)
	f(`m{z!=""}`)
	f(`m{z=~".*", x="a"}`)
	f(`{x="a"}`)
	f(`{x=~"a.*"}`)
	f(`{__name__="m"}`)
	f(`{__name__!="m", x="a"}`)
	f(`{__name__=~"m|other"}`)
	f(`{__name__=~"m.*"}`)
	f(`{__name__=~".*r"}`)
	f(`{__name__=~".+"}`)
	f(`{__name__=~"m:.+"}`)
	f(`{__name__=~"m:rule\\.x"}`)
	f(`{__name__=~".+\\.x"}`)
	f(`{__name__=~"^m$"}`)
	f(`{__name__!="", __name__!="m"}`)
	f(`{__name__!~"m", __name__!~"|x"}`)
	f(`{__name__=~"(?i)M"}`)
	f(`{__name__="m", __name__=~"m|n"}`)
	f(`{__name__="m", __name__="other"}`)
}

// TestRandomMatchersEqualPrometheus builds regular expressions from pieces that the storage engine rewrites.
func TestRandomMatchersEqualPrometheus(t *testing.T) {
	t.Parallel()
	p := newPair(t, labelledSamples())
	pieces := []string{"a", "b", "A", ".", ".*", ".+", "|", "(", ")", "(?:", "(?i)", "(?i:", "?", "*", "+", "^", "$", `\.`, `\$`, `\n`, "[ab]", "[^b]", "{2}", `\b`, "long", "ä", "(?s:.)", "(?m)", `\x00`, `\pL`}
	parses := parser.NewParser(parser.Options{})
	rapid.Check(t, func(r *rapid.T) {
		var list []string
		for range rapid.IntRange(1, 3).Draw(r, "matchers") {
			re := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 6).Draw(r, "regexp"), "")
			op := rapid.SampledFrom([]string{"=~", "!~", "=", "!="}).Draw(r, "operator")
			list = append(list, rapid.SampledFrom([]string{"x", "y", "__name__"}).Draw(r, "label")+op+fmt.Sprintf("%q", re))
		}
		selector := "{" + strings.Join(list, ",") + "}"
		if rapid.Bool().Draw(r, "named") {
			selector = `{__name__="m",` + selector[1:]
		}
		if _, err := parses.ParseExpr(selector); err != nil {
			r.Skip()
		}
		checkSelector(r, p, selector)
	})
}

type failer interface {
	Helper()
	Errorf(string, ...any)
	Fatal(...any)
}

// checkSelector compares an instant query, the series, the label names and the values of x.
func checkSelector(t failer, p *pair, selector string) {
	t.Helper()
	ctx := contextOf(t)
	got, err := p.ours.Series(ctx, []string{selector}, hourStart, hourStart, 0)
	if err != nil {
		t.Fatal(selector, err)
	}
	ms, err := parser.NewParser(parser.Options{}).ParseMetricSelector(selector)
	if err != nil {
		t.Fatal(selector, err)
	}
	at := hourStart.UnixMilli()
	q, err := p.theirs.Querier(at, at)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	var want [][]storage.Label
	for set := q.Select(ctx, true, nil, ms...); set.Next(); {
		var one []storage.Label
		set.At().Labels().Range(func(l labels.Label) { one = append(one, storage.Label{Name: l.Name, Value: l.Value}) })
		want = append(want, one)
	}
	if len(got)+len(want) > 0 {
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: series (- prometheus, + ours)\n%s", selector, d)
		}
	}
	if found := selected(t, p, ms); found != len(want) {
		t.Errorf("%s: Select finds %d series, prometheus %d", selector, found, len(want))
	}
	names, _, err := q.LabelNames(ctx, nil, ms...)
	compareStrings(t, selector+" label names", names, err)(p.ours.LabelNames(ctx, []string{selector}, hourStart, hourStart, 0))
	values, _, err := q.LabelValues(ctx, "x", nil, ms...)
	compareStrings(t, selector+" label values", values, err)(p.ours.LabelValues(ctx, "x", []string{selector}, hourStart, hourStart, 0))
}

func selected(t failer, p *pair, ms []*labels.Matcher) int {
	q, err := p.ours.Queryable().Querier(hourStart.UnixMilli(), hourStart.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	n := 0
	set := q.Select(contextOf(t), true, nil, ms...)
	prev := labels.EmptyLabels()
	for set.Next() {
		ls := set.At().Labels()
		if n > 0 && labels.Compare(prev, ls) >= 0 {
			t.Errorf("%v: %s follows %s", ms, ls, prev)
		}
		if it := set.At().Iterator(nil); it.Next() == 0 || it.AtT() != hourStart.UnixMilli() {
			t.Errorf("%v: %s has no sample", ms, ls)
		}
		prev = ls
		n++
	}
	if set.Err() != nil {
		t.Fatal(set.Err())
	}
	return n
}

func compareStrings(t failer, what string, want []string, err error) func([]string, error) {
	if err != nil {
		t.Fatal(what, err)
	}
	return func(got []string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(what, err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, prometheus has %q", what, got, want)
		}
	}
}
