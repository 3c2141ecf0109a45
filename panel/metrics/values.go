package metrics

import (
	"math"
	"strconv"
)

// Values are the points of one line; NaN is a hole and becomes null.
type Values []float64

// significant is the number of digits that are sent: a screen shows three, and a zoom changes the query anyway.
const significant = 6

// holes returns n points without a value.
func holes(n int) Values {
	v := make(Values, n)
	for i := range v {
		v[i] = math.NaN()
	}
	return v
}

// MarshalJSON implements json.Marshaler. None at all is null.
func (v Values) MarshalJSON() ([]byte, error) {
	if v == nil {
		return []byte("null"), nil
	}
	b := make([]byte, 0, 2+8*len(v))
	b = append(b, '[')
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		if math.IsNaN(x) || math.IsInf(x, 0) {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendFloat(b, x, 'g', significant, 64)
		}
	}
	return append(b, ']'), nil
}
