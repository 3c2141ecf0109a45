package api

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"monitoring/words"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestWireFormat compares every wire type with its golden JSON: fields are added, never renamed. Each file is also read
// back, so that no two fields share a key.
func TestWireFormat(t *testing.T) {
	t.Parallel()
	for _, v := range []any{
		Metrics{}, Processes{}, Version{}, Health{}, SigningRequest{}, Certificate{}, InstallToken{},
		Failure{}, Changed{}, HAProxyState{}, HAProxyStats{}, HAProxyRule{}, HAProxyRuleUpdate{}, HAProxyChanged{}, HAProxyConfig{}, HAProxyConfigApply{}, HAProxyServerChange{}, Validation{}, Logs{},
		Certs{}, CertIssue{}, CertUpload{}, CertChanged{}, CertRenewal{},
		FirewallStatus{}, FirewallRules{}, FirewallChange{}, FirewallPending{}, FirewallConfirm{},
		ExecRequest{}, ExecLine{}, ExecDone{}, ExecError{}, Execution{}, TerminalSize{}, TerminalEnd{}, PowerRequest{}, SignalRequest{},
		TrackedPorts{}, PortRequest{},
	} {
		typ := reflect.TypeOf(v)
		t.Run(typ.Name(), func(t *testing.T) {
			t.Parallel()
			filled := reflect.New(typ)
			n := 0
			fill(t, filled.Elem(), &n)
			got, err := json.MarshalIndent(filled.Interface(), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			path := filepath.Join("testdata", typ.Name()+".json")
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("%s differs from %s: a peer of another version would not understand it\n%s", typ.Name(), path, got)
			}
			back := reflect.New(typ)
			if err := json.Unmarshal(want, back.Interface()); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(back.Interface(), filled.Interface()) {
				t.Errorf("%s does not survive the way to JSON and back:\n%+v\n%+v", typ.Name(), filled.Interface(), back.Interface())
			}
		})
	}
}

// fill gives every field a value of its own, so that a swapped pair of keys shows.
func fill(t *testing.T, v reflect.Value, n *int) {
	*n++
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Date(2026, 1, 29, 17, 6, *n%60, 0, time.UTC)))
		return
	}
	if v.Type() == reflect.TypeFor[words.Param]() { // a sentence in a sentence has no end
		v.Set(reflect.ValueOf(words.Param{Plain: fmt.Sprint("text ", *n)}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint64:
		v.SetUint(uint64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0), n)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key, n)
		fill(t, value, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(t, field, n)
		}
	default:
		t.Fatalf("%s: a wire type must not hold a %s", v.Type(), v.Kind())
	}
}
