package control

import (
	"fmt"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/haproxy"
)

// target is what a change of one rule among a thousand may take, without the reload.
const target = 300 * time.Millisecond

// BenchmarkRuleChange changes the target of one of 1,000 rules of a running HAProxy: read, edit, haproxy -c, backup, write,
// and the change of the running process.
func BenchmarkRuleChange(b *testing.B) {
	n := newNode(b)
	file, err := haproxy.Parse([]byte(userConfig))
	if err != nil {
		b.Fatal(err)
	}
	for i := range 1000 {
		if err := file.Add(rule(fmt.Sprintf("r%d", i), 20000+i, "192.0.2.1", 443), ""); err != nil {
			b.Fatal(err)
		}
	}
	n.Write(b, haproxyConfig, string(file.Bytes()), 0o644)
	must[api.Changed](b, n, "POST", "/start", "", nil)
	var worst, checks time.Duration
	for i := 0; b.Loop(); i++ {
		port := 1000 + i%1000
		began := time.Now()
		got := must[api.HAProxyChanged](b, n, "PUT", "/rules/r500", "", api.HAProxyRuleUpdate{TargetPort: &port})
		worst = max(worst, time.Since(began))
		b.StopTimer()
		began = time.Now()
		if valid, message := n.x.check(b.Context()); !valid {
			b.Fatal(message)
		}
		checks += time.Since(began)
		b.StartTimer()
		if !got.Runtime {
			b.Fatalf("%+v", got)
		}
	}
	b.ReportMetric(float64(worst.Milliseconds()), "ms-worst")
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/change")
	b.ReportMetric(float64(checks.Milliseconds())/float64(b.N), "ms/check") // HAProxy's own, which is part of each change
	if mean := b.Elapsed() / time.Duration(b.N); mean > target {
		b.Logf("%s for a change, the target is %s", mean, target)
	}
}
