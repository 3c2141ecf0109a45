package haproxy

import (
	"fmt"
	"testing"

	"monitoring/agent/api"
)

// BenchmarkChange reads a file of 1,000 rules, lists them, changes one and joins the file again: all that a change of a
// rule costs besides HAProxy's own check and the disk.
func BenchmarkChange(b *testing.B) {
	file, err := Parse([]byte("global\n    maxconn 1000\n"))
	if err != nil {
		b.Fatal(err)
	}
	r := api.HAProxyRule{RuleType: api.RuleTCP, TargetIP: "192.0.2.1", TargetPort: 443}
	for i := range 1000 {
		r.Name, r.ListenPort = fmt.Sprintf("r%d", i), 20000+i
		if err := file.Add(r, ""); err != nil {
			b.Fatal(err)
		}
	}
	content := file.Bytes()
	r.Name, r.ListenPort = "r500", 20500
	for i := 0; b.Loop(); i++ {
		file, err := Parse(content)
		if err != nil || len(file.Rules()) != 1000 {
			b.Fatal(err)
		}
		r.TargetPort = 1000 + i%1000
		if err := file.Change(r, ""); err != nil {
			b.Fatal(err)
		}
		if len(file.Bytes()) < len(content)-10 {
			b.Fatal("rules were lost")
		}
	}
}
