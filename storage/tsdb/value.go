package tsdb

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unsafe"
)

// Numbers whose digits fit a float64 exactly, times a power of ten that does too, need one rounding and no library call.
var exactPowers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// scanValue reads a line that holds nothing but a number. n is its length with the line feed. Whatever else is in the
// line, such as a timestamp, makes it not ok: then the full parser has to look.
func scanValue(b []byte) (v float64, n int, ok bool) {
	i := 0
	negative := false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		negative = b[i] == '-'
		i++
	}
	digits, mantissa, exponent := 0, uint64(0), 0
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		mantissa = mantissa*10 + uint64(b[i]-'0')
		digits++
	}
	if i < len(b) && b[i] == '.' {
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
			mantissa = mantissa*10 + uint64(b[i]-'0')
			digits++
			exponent--
		}
	}
	if digits == 0 {
		return scanWord(b)
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		e, length := scanExponent(b[i:])
		if length == 0 {
			return 0, 0, false
		}
		exponent += e
		i += length
	}
	end := i
	if i < len(b) && b[i] == '\r' {
		i++
	}
	if i >= len(b) || b[i] != '\n' {
		return 0, 0, false
	}
	if digits > 19 || mantissa >= 1<<53 || exponent < -22 || exponent > 22 {
		v, ok = parseNumber(b[:end])
		return v, i + 1, ok
	}
	v = float64(mantissa)
	if exponent < 0 {
		v /= exactPowers[-exponent]
	} else {
		v *= exactPowers[exponent]
	}
	if negative {
		v = -v
	}
	return v, i + 1, true
}

// scanExponent reads e, a sign and digits. Length is 0 when there are no digits or too many.
func scanExponent(b []byte) (e, length int) {
	i := 1
	negative := false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		negative = b[i] == '-'
		i++
	}
	first := i
	for ; i < len(b) && i-first < 6 && b[i]-'0' <= 9; i++ {
		e = e*10 + int(b[i]-'0')
	}
	if i == first || i-first == 6 {
		return 0, 0
	}
	if negative {
		e = -e
	}
	return e, i
}

// scanWord reads NaN and Inf.
func scanWord(b []byte) (v float64, n int, ok bool) {
	end := bytes.IndexByte(b[:min(len(b), 16)], '\n')
	if end < 0 {
		return 0, 0, false
	}
	v, ok = parseNumber(bytes.TrimSuffix(b[:end], []byte{'\r'}))
	return v, end + 1, ok
}

// parseNumber reads a number as Prometheus' text format has it: Go's syntax without hexadecimal and underscores. A number
// too great for a float64 is refused.
func parseNumber(b []byte) (float64, bool) {
	s := unsafe.String(unsafe.SliceData(b), len(b))
	if strings.ContainsAny(s, "xXpP_") {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, false
	}
	if math.IsNaN(v) {
		v = math.NaN() // never a staleness marker
	}
	return v, true
}
