package storage

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMoney(t *testing.T) {
	t.Parallel()
	f := func(text string, want Money, shown, inJSON string) {
		t.Helper()
		m, err := ParseMoney(text)
		encoded, jsonErr := json.Marshal(m)
		if err != nil || jsonErr != nil || m != want || m.String() != shown || string(encoded) != inJSON {
			t.Errorf("%s: %d, %s, %s, %v, %v", text, m, m, encoded, err, jsonErr)
		}
	}
	f("0", 0, "0.00", "0")
	f("-0", 0, "0.00", "0")
	f("12", 12*Unit, "12.00", "12")
	f("12.5", 12_500_000, "12.50", "12.5")
	f("12.50", 12_500_000, "12.50", "12.5")
	f("0.1", 100_000, "0.10", "0.1")
	f("-0.000001", -1, "-0.000001", "-0.000001")
	f("007.10", 7_100_000, "7.10", "7.1")
	f("1000000000", MaxMoney, "1000000000.00", "1000000000")
}

func TestBadMoney(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "-", ".", ".5", "5.", "1.0000001", "1000000000.000001", "99999999999", "1e3", "1E-7", "+1", "--1", "1,5",
		"0x10", " 1", "1 ", "NaN", "null", "1_000", "٣", strings.Repeat("0", 100)} {
		if m, err := ParseMoney(text); err == nil {
			t.Errorf("%q is %s", text, m)
		}
	}
}

func TestMoneyInJSON(t *testing.T) {
	t.Parallel()
	var v struct {
		Cost  Money  `json:"cost"`
		Other *Money `json:"other"`
	}
	if err := json.Unmarshal([]byte(`{"cost":"0.30","other":null}`), &v); err != nil || v.Cost != 300_000 || v.Other != nil {
		t.Errorf("%+v, %v", v, err)
	}
	err := json.Unmarshal([]byte(`{"cost":0.30000000000000004}`), &v) // what 0.1 + 0.2 is in a browser
	if err == nil || !strings.Contains(err.Error(), "cost") || !strings.Contains(err.Error(), "at most 6 digits") {
		t.Errorf("error %v", err)
	}
}

func TestMoneyRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := Money(rapid.Int64Range(-int64(MaxMoney), int64(MaxMoney)).Draw(t, "amount"))
		value, err := want.Value()
		var scanned Money
		if err != nil || scanned.Scan(value) != nil || scanned != want {
			t.Fatalf("%d became %v, then %d", want, value, scanned)
		}
		if shown, err := ParseMoney(want.String()); err != nil || shown != want {
			t.Fatalf("%d is shown as %s", want, want)
		}
	})
}
