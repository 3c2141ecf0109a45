package promapi

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// appendResult appends {"resultType":...,"result":...}. A range answer can hold millions of points, so numbers are
// appended one after the other instead of going through reflection.
func appendResult(b []byte, v parser.Value) ([]byte, error) {
	b = append(b, `{"resultType":"`...)
	b = append(b, v.Type()...)
	b = append(b, `","result":`...)
	var err error
	switch v := v.(type) {
	case promql.Matrix:
		b, err = appendList(b, v, appendSeries)
	case promql.Vector:
		b, err = appendList(b, v, appendSample)
	case promql.Scalar:
		b = appendPoint(b, v.T, v.V)
	case promql.String:
		b = append(b, '[')
		b = appendTime(b, v.T)
		b = append(b, ',')
		b = appendString(b, v.V)
		b = append(b, ']')
	default:
		err = fmt.Errorf("encode result: unknown type %T", v)
	}
	return append(b, '}'), err
}

// truncate keeps the first limit series of a vector or a matrix; 0 keeps all.
func truncate(v parser.Value, limit int) (parser.Value, bool) {
	if limit == 0 {
		return v, false
	}
	switch list := v.(type) {
	case promql.Matrix:
		return list[:min(limit, len(list))], len(list) > limit
	case promql.Vector:
		return list[:min(limit, len(list))], len(list) > limit
	}
	return v, false
}

func appendList[T any](b []byte, list []T, item func([]byte, T) ([]byte, error)) ([]byte, error) {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = item(b, v); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

func appendSeries(b []byte, s promql.Series) ([]byte, error) {
	if len(s.Histograms) > 0 { // only an expression can make them; Prometheus' slow way will do
		return appendMarshaled(b, s)
	}
	b = append(b, `{"metric":`...)
	b = appendLabels(b, s.Metric)
	b = append(b, `,"values":[`...)
	for i, p := range s.Floats {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendPoint(b, p.T, p.F)
	}
	return append(b, `]}`...), nil
}

func appendSample(b []byte, s promql.Sample) ([]byte, error) {
	if s.H != nil {
		return appendMarshaled(b, s)
	}
	b = append(b, `{"metric":`...)
	b = appendLabels(b, s.Metric)
	b = append(b, `,"value":`...)
	b = appendPoint(b, s.T, s.F)
	return append(b, '}'), nil
}

func appendMarshaled(b []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return b, fmt.Errorf("encode histogram: %w", err)
	}
	return append(b, text...), nil
}

func appendLabels(b []byte, set labels.Labels) []byte {
	b = append(b, '{')
	first := true
	set.Range(func(l labels.Label) {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendString(b, l.Name)
		b = append(b, ':')
		b = appendString(b, l.Value)
	})
	return append(b, '}')
}

// appendPoint appends [<seconds>,"<value>"].
func appendPoint(b []byte, ms int64, v float64) []byte {
	b = append(b, '[')
	b = appendTime(b, ms)
	b = append(b, ',', '"')
	b = appendFloat(b, v)
	return append(b, '"', ']')
}

// appendTime appends milliseconds as seconds without a useless fraction: 1500 is 1.5.
func appendTime(b []byte, ms int64) []byte {
	if ms < 0 {
		b = append(b, '-')
		ms = -ms
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	switch frac := ms % 1000; {
	case frac == 0:
		return b
	case frac%100 == 0:
		return strconv.AppendInt(append(b, '.'), frac/100, 10)
	case frac%10 == 0:
		return append(b, '.', byte('0'+frac/100), byte('0'+frac/10%10))
	default:
		return append(b, '.', byte('0'+frac/100), byte('0'+frac/10%10), byte('0'+frac%10))
	}
}

// appendFloat writes a sample as Prometheus does: the shortest text that reads back, with an exponent only for very
// small and very large numbers, and NaN, +Inf, -Inf.
func appendFloat(b []byte, v float64) []byte {
	format := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, v, format, -1, 64)
}

func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			text, err := json.Marshal(s)
			if err != nil {
				panic(err) // a string always marshals
			}
			return append(b, text...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
