package api

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestAnswersThatSwellAreRefused(t *testing.T) {
	t.Parallel()
	f := func(what, page string, want error) {
		t.Helper()
		m, err := Decode[Metrics]([]byte(page))
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
		if got := Weight(m); got > maxSwell*len(page)+freeSwell {
			t.Errorf("%s: %d bytes of text became %d", what, len(page), got)
		}
	}
	many := func(s string) string { return "[" + s + strings.Repeat(","+s, 5000) + "]" }
	f("nothing", `{}`, nil)
	f("interfaces of nothing", `{"network":{"interfaces":`+many("null")+`}}`, ErrSwells)
	f("partitions of nothing", `{"disk":{"partitions":`+many("{}")+`}}`, ErrSwells)
	f("addresses of nothing", `{"network":{"interfaces":[{"addresses":`+many("{}")+`}]}}`, ErrSwells)
	f("processes of nothing", `{"processes":{"top_by_cpu":`+many("{}")+`}}`, ErrSwells)
	f("too many of anything", `{"cpu":{"per_cpu_percent":[`+strings.Repeat("0,", maxValues)+`0]}}`, nil)
	f("more than too many", `{"cpu":{"per_cpu_percent":[`+strings.Repeat("0,", maxValues+1)+`0]}}`, ErrTooLarge)
}

// TestHonestAnswersDoNotSwell: entries that hold little beside their field names are the worst of them.
func TestHonestAnswersDoNotSwell(t *testing.T) {
	t.Parallel()
	const many = 20_000
	f := honest[Metrics](t)
	f(Metrics{Network: Network{Interfaces: make([]Interface, many)}, CPU: CPU{PerCPUPercent: make([]float64, 512)}})
	f(Metrics{Network: Network{Interfaces: []Interface{{Addresses: make([]Address, many)}}}})
	f(Metrics{Disk: Disk{Partitions: make([]Partition, many)}})
	disks, sensors := map[string]DiskIO{}, map[string][]Temperature{}
	for i := range many {
		name := "d" + strings.Repeat("x", i%10) + string(rune('a'+i%26)) + string(rune(0x4e00+i))
		disks[name], sensors[name] = DiskIO{}, []Temperature{{}}
	}
	f(Metrics{Disk: Disk{IO: disks}})
	f(Metrics{CPU: CPU{Temperatures: sensors}})
	honest[Processes](t)(Processes{Processes: make([]Process, many)})
	honest[HAProxyState](t)(HAProxyState{Rules: HAProxyRules{Rules: make([]HAProxyRule, many)}})
	honest[Certs](t)(Certs{Certificates: make([]Cert, many)})
	honest[FirewallRules](t)(FirewallRules{Rules: make([]FirewallRule, many)})
	honest[TrackedPorts](t)(TrackedPorts{TrackedPorts: []int{1, 2, 3}})
	honest[HAProxyStats](t)(HAProxyStats{})
}

func honest[T any](t *testing.T) func(v T) {
	return func(v T) {
		t.Helper()
		page, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode[T](page)
		if err != nil {
			t.Errorf("%T of %d bytes: %v", v, len(page), err)
		}
		if weight := Weight(got); 3*weight > 2*(maxSwell*len(page)+freeSwell) {
			t.Errorf("%T of %d bytes takes %d: too near the bound", v, len(page), weight)
		}
	}
}
