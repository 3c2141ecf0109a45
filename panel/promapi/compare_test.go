package promapi

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const tolerance = 1e-9

// compare reports what differs between our answer and Prometheus' own.
func compare(t *testing.T, what string, ours, theirs reply) {
	t.Helper()
	if ours.Code != theirs.Code || ours.Status != theirs.Status || ours.ErrorType != theirs.ErrorType {
		t.Errorf("%s:\nours   %d %s %s %s\ntheirs %d %s %s %s", what, ours.Code, ours.Status, ours.ErrorType, ours.Error, theirs.Code, theirs.Status, theirs.ErrorType, theirs.Error)
		return
	}
	if ours.Status == "error" {
		return // how an error is worded depends on the release; TestParseErrors has those that do not
	}
	if ours.Code == http.StatusNoContent {
		return
	}
	if diff := difference(ordered(t, ours.Data), ordered(t, theirs.Data), "data"); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

// ordered decodes an answer and sorts its list of series: an instant vector has no order.
func ordered(t *testing.T, data json.RawMessage) any {
	t.Helper()
	v := canonical(t, data)
	list, ok := v.([]any)
	if object, isResult := v.(map[string]any); isResult && (object["resultType"] == "vector" || object["resultType"] == "matrix") {
		list, ok = object["result"].([]any)
	}
	if ok {
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(identity(a), identity(b)) })
	}
	return v
}

func identity(v any) string {
	if series, ok := v.(map[string]any); ok && series["metric"] != nil {
		v = series["metric"]
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // it came from JSON
	}
	return string(text)
}

// difference compares decoded JSON. Texts that are numbers, as sample values are, may differ by the tolerance.
func difference(a, b any, path string) string {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return fmt.Sprintf("%s: %v, theirs %v", path, a, b)
		}
		for key := range x {
			if diff := difference(x[key], y[key], path+"."+key); diff != "" {
				return diff
			}
		}
		return ""
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return fmt.Sprintf("%s: %v, theirs %v", path, a, b)
		}
		for i := range x {
			if diff := difference(x[i], y[i], path+"["+strconv.Itoa(i)+"]"); diff != "" {
				return diff
			}
		}
		return ""
	case string:
		if y, ok := b.(string); ok && near(x, y) {
			return ""
		}
	}
	if a != b {
		return fmt.Sprintf("%s: %v, theirs %v", path, a, b)
	}
	return ""
}

func near(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX != nil || errY != nil {
		return a == b
	}
	if math.IsNaN(x) || math.IsInf(x, 0) || math.IsInf(y, 0) {
		return a == b
	}
	return math.Abs(x-y) <= tolerance*max(math.Abs(x), math.Abs(y), 1) // the store loses the sign of zero
}
