package storage

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Money is an exact amount in millionths of its currency's unit. In JSON it is a number, in Postgres numeric(18,6).
type Money int64

// Unit is one dollar, one rouble.
const Unit Money = 1_000_000

// MaxMoney bounds every amount: sums of many still fit.
const MaxMoney = 1_000_000_000 * Unit

const moneyDigits = 6

var errMoney = errors.New("give an amount from -1000000000 to 1000000000 with at most 6 digits after the point")

// ParseMoney reads a plain decimal number such as 12, 12.5 or -0.000001.
func ParseMoney(text string) (Money, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if whole == "" || len(whole) > 10 || point && fraction == "" || len(fraction) > moneyDigits {
		return 0, errMoney
	}
	n, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", moneyDigits-len(fraction)), 10, 63)
	if err != nil || Money(n) > MaxMoney {
		return 0, errMoney
	}
	if negative {
		return -Money(n), nil
	}
	return Money(n), nil
}

// String writes the amount with two digits after the point, more if it needs them.
func (m Money) String() string {
	text := m.exact()
	whole, fraction, _ := strings.Cut(text, ".")
	for len(fraction) < 2 {
		fraction += "0"
	}
	return whole + "." + fraction
}

// exact writes the amount in its shortest form.
func (m Money) exact() string {
	sign, n := "", uint64(m)
	if m < 0 {
		sign, n = "-", uint64(-m)
	}
	text := fmt.Sprintf("%s%d.%06d", sign, n/uint64(Unit), n%uint64(Unit))
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// MarshalJSON implements json.Marshaler.
func (m Money) MarshalJSON() ([]byte, error) { return []byte(m.exact()), nil }

// UnmarshalJSON takes a number, or a string with one. Its error lets the decoder name the field.
func (m *Money) UnmarshalJSON(data []byte) error {
	v, err := ParseMoney(strings.Trim(string(data), `"`))
	if err != nil {
		return &json.UnmarshalTypeError{Value: string(data) + ": " + err.Error(), Type: reflect.TypeFor[float64]()}
	}
	*m = v
	return nil
}

// Value implements driver.Valuer.
func (m Money) Value() (driver.Value, error) { return m.exact(), nil }

// Scan implements sql.Scanner for a numeric.
func (m *Money) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("read amount: got %T instead of a number", src)
	}
	v, err := ParseMoney(text)
	if err != nil {
		return fmt.Errorf("read amount %q: %w", text, err)
	}
	*m = v
	return nil
}
