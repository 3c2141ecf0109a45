package promapi

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"pgregory.net/rapid"
)

func TestAppendResult(t *testing.T) {
	t.Parallel()
	f := func(v parser.Value, want string) {
		t.Helper()
		got, err := appendResult(nil, v)
		if err != nil || string(got) != want {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
	}
	up := labels.FromStrings("__name__", "up", "job", "a\"b\n\u00e9")
	f(promql.Scalar{T: 1500, V: 1}, `{"resultType":"scalar","result":[1.5,"1"]}`)
	f(promql.String{T: 1000, V: `a"b`}, `{"resultType":"string","result":[1,"a\"b"]}`)
	f(promql.Vector{}, `{"resultType":"vector","result":[]}`)
	f(promql.Matrix(nil), `{"resultType":"matrix","result":[]}`)
	f(promql.Vector{{Metric: up, T: 1001, F: math.Inf(1)}, {T: 0, F: math.NaN()}},
		`{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a\"b\n`+"\u00e9"+`"},"value":[1.001,"+Inf"]},{"metric":{},"value":[0,"NaN"]}]}`)
	f(promql.Matrix{{Metric: labels.FromStrings("a", "b"), Floats: []promql.FPoint{{T: 10, F: 0.1}, {T: 120, F: -1e21}}}},
		`{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[0.01,"0.1"],[0.12,"-1e+21"]]}]}`)
}

// A native histogram cannot be stored here, but an expression may name one; it must not become a number.
func TestAppendResultHistogram(t *testing.T) {
	t.Parallel()
	h := &histogram.FloatHistogram{Count: 3, Sum: 4.5}
	got, err := appendResult(nil, promql.Vector{{T: 1000, H: h}})
	if err != nil || !json.Valid(got) || !bytes.Contains(got, []byte(`"histogram":[1,{"count":"3","sum":"4.5"`)) {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestAppendTime(t *testing.T) {
	t.Parallel()
	f := func(ms int64, want string) {
		t.Helper()
		if got := string(appendTime(nil, ms)); got != want {
			t.Errorf("%d: got %s, want %s", ms, got, want)
		}
	}
	f(0, "0")
	f(1, "0.001")
	f(10, "0.01")
	f(100, "0.1")
	f(1010, "1.01")
	f(1234, "1.234")
	f(-1500, "-1.5")
	f(1700000000000, "1700000000")
}

func TestNumbersReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64().Draw(t, "v")
		got, err := strconv.ParseFloat(string(appendFloat(nil, v)), 64)
		if err != nil || math.Float64bits(got) != math.Float64bits(v) && !(math.IsNaN(got) && math.IsNaN(v)) {
			t.Fatalf("%v became %v, %v", v, got, err)
		}
	})
}

func TestStringsAreJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		var got string
		if err := json.Unmarshal(appendString(nil, s), &got); err != nil || got != s {
			t.Fatalf("%q became %q, %v", s, got, err)
		}
	})
}

func TestTruncate(t *testing.T) {
	t.Parallel()
	f := func(v parser.Value, limit, wantLen int, wantCut bool) {
		t.Helper()
		got, cut := truncate(v, limit)
		n := -1
		switch list := got.(type) {
		case promql.Vector:
			n = len(list)
		case promql.Matrix:
			n = len(list)
		}
		if n != wantLen || cut != wantCut {
			t.Errorf("limit %d: %d left, cut %t; want %d, %t", limit, n, cut, wantLen, wantCut)
		}
	}
	three := promql.Vector{{}, {}, {}}
	f(three, 0, 3, false)
	f(three, 2, 2, true)
	f(three, 3, 3, false)
	f(promql.Matrix{{}, {}}, 1, 1, true)
	f(promql.Scalar{}, 1, -1, false)
}
