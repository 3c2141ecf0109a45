package alerts

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"monitoring/storage"
)

// feeds are the metrics behind each trigger, as agents export them.
var feeds = map[string]func(r *rig, value func(i int) float64){
	"cpu": func(r *rig, v func(int) float64) { r.feed("agent_cpu_usage_ratio", hundredth(v)) },
	"ram": func(r *rig, v func(int) float64) { r.feed("agent_memory_usage_ratio", hundredth(v)) },
	"network": func(r *rig, v func(int) float64) {
		half := func(i int) float64 { return v(i) / 2 }
		r.feed("agent_network_total_receive_bytes_per_second", half)
		r.feed("agent_network_total_transmit_bytes_per_second", half)
	},
	"load_avg": func(r *rig, v func(int) float64) {
		r.feed("node_load1", v)
		for cpu := range 2 {
			r.feed("node_cpu_seconds_total", func(int) float64 { return 1 }, storage.Label{Name: "mode", Value: "idle"}, storage.Label{Name: "cpu", Value: fmt.Sprint(cpu)})
		}
	},
	"conntrack": func(r *rig, v func(int) float64) {
		r.feed("node_nf_conntrack_entries", v)
		r.feed("node_nf_conntrack_entries_limit", func(int) float64 { return 100 })
	},
	"tcp_established": tcp("established"), "tcp_listen": tcp("listen"), "tcp_timewait": tcp("time_wait"), "tcp_closewait": tcp("close_wait"),
	"tcp_synsent": tcp("syn_sent"), "tcp_synrecv": tcp("syn_recv"), "tcp_finwait": tcp("fin_wait"),
}

func hundredth(v func(int) float64) func(int) float64 {
	return func(i int) float64 { return v(i) / 100 }
}

func tcp(state string) func(*rig, func(int) float64) {
	return func(r *rig, v func(int) float64) {
		r.feed("agent_tcp_connections", v, storage.Label{Name: "state", Value: state})
	}
}

// times writes a value n times.
func times(n int, v float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

var none = math.NaN()

// The specification's plain reference (replay) and the pair of the EMA in Go and the conditions in PromQL agree, on
// every limit and on what fires when.
func TestPairAgreesWithTheReference(t *testing.T) {
	t.Parallel()
	const mega = 1 << 20
	cases := []struct {
		name    string
		trigger string
		values  []float64
		want    string // kind@check of each alert, checks counted from 0
	}{
		{"critical from the first check counts from the fifth", "cpu", times(12, 95), "critical@9"},
		{"just at the threshold", "cpu", slices.Concat(times(8, 60), times(8, 90), times(3, 60)), "critical@13 spike@13"},
		{"just below it", "cpu", slices.Concat(times(8, 70), times(12, 89.9)), ""},
		{"leaving resets the timer", "ram", slices.Concat(times(8, 80), times(5, 95), times(1, 80), times(5, 95), times(1, 80), times(6, 95)), "critical@25"},
		{"a spike over the baseline", "ram", slices.Concat(times(10, 40), times(7, 56)), "spike@15"},
		{"just below the percent", "ram", slices.Concat(times(10, 40), times(8, 51.9)), ""},
		{"the baseline stands still while a spike holds", "cpu", slices.Concat(times(10, 30), times(60, 50)), "spike@15"},
		{"idle hosts keep quiet", "cpu", slices.Concat(times(10, 1), times(10, 9)), ""},
		{"from nothing to the floor", "cpu", slices.Concat(times(10, 0), times(7, 20)), "spike@15"},
		{"from nothing counts as 100 percent, which then is the usual", "network", slices.Concat(times(10, 0), times(6, 50*mega)), ""},
		{"but not for long", "network", slices.Concat(times(10, 0), times(7, 50*mega)), "spike@16"},
		{"a network spike", "network", slices.Concat(times(10, 10*mega), times(6, 31*mega)), "spike@15"},
		{"a network drop", "network", slices.Concat(times(10, 10*mega), times(6, mega)), "drop@15"},
		{"a drop from under the floor", "network", slices.Concat(times(10, mega/2), times(9, 0)), ""},
		{"a drop to nothing", "tcp_established", slices.Concat(times(10, 500), times(6, 0)), "drop@15"},
		{"a hole resets the timer", "tcp_established", slices.Concat(times(10, 500), times(4, 0), times(1, none), times(6, 0)), "drop@20"},
		{"a hole ends an alert", "tcp_closewait", slices.Concat(times(10, 50), times(8, 400), times(2, none), times(6, 400)), "spike@15 spike@25"},
		{"a spike counts from the fifth sample", "tcp_timewait", slices.Concat(times(3, 100), times(12, 900)), "spike@9"},
		{"few connections", "tcp_synrecv", slices.Concat(times(8, 3), times(9, 99)), ""},
		{"listening sockets", "tcp_listen", slices.Concat(times(8, 60), times(6, 151)), "spike@13"},
		{"half-open", "tcp_synsent", slices.Concat(times(8, 60), times(6, 190)), "spike@13"},
		{"closing", "tcp_finwait", slices.Concat(times(8, 60), times(6, 190)), "spike@13"},
		{"load over the cores", "load_avg", slices.Concat(times(6, 3), times(2, 3.1), times(1, 3), times(3, 3.1)), "high@11"},
		{"connection table", "conntrack", slices.Concat(times(6, 79), times(1, 80), times(2, 10)), "high@6"},
	}
	r := newRig(t, len(cases), allOn)
	length := 0
	for _, c := range cases {
		length = max(length, len(c.values))
	}
	series := make([][]float64, len(cases))
	for i, c := range cases {
		series[i] = slices.Concat(c.values, times(length-len(c.values), c.values[len(c.values)-1]))
	}
	got := r.play(length, func(i int, trigger string) []float64 {
		if cases[i].trigger == trigger {
			return series[i]
		}
		return nil
	})
	for i, c := range cases {
		var reference, pair []string
		for _, f := range replay(r.trigger(c.trigger), r.samplesFrom(series[i])) {
			if at := r.index(f.at, length); at < len(c.values) {
				reference = append(reference, fmt.Sprintf("%s@%d", f.kind, at))
			}
		}
		for _, begun := range got[i] {
			kind, at, _ := strings.Cut(strings.TrimPrefix(begun, c.trigger+"_"), "@")
			var n int
			if _, err := fmt.Sscan(at, &n); err != nil {
				t.Fatal(err)
			}
			if n < len(c.values) {
				pair = append(pair, kind+"@"+at)
			}
		}
		slices.Sort(reference)
		slices.Sort(pair)
		if a, b := strings.Join(reference, " "), strings.Join(pair, " "); a != c.want || b != c.want {
			t.Errorf("%s: the reference says %q, the pair says %q, want %q", c.name, a, b, c.want)
		}
	}
}

// Nobody thought of these series; both fire at the same checks on all of them.
func TestPairAgreesOnRandomSeries(t *testing.T) {
	t.Parallel()
	const servers, length = 30, 50
	r := newRig(t, servers, allOn)
	rnd := rand.New(rand.NewPCG(5, 12))
	all := map[string][][]float64{}
	for name := range feeds {
		for range servers {
			all[name] = append(all[name], wander(rnd, length, map[string]float64{"network": 4 << 20, "cpu": 50, "ram": 60, "load_avg": 3, "conntrack": 70}[name]))
		}
	}
	got := r.play(length, func(i int, trigger string) []float64 { return all[trigger][i] })
	fired := 0
	for i := range servers {
		var want []string
		for name := range feeds {
			for _, f := range replay(r.trigger(name), r.samplesFrom(all[name][i])) {
				want = append(want, fmt.Sprintf("%s_%s@%d", name, f.kind, r.index(f.at, length)))
			}
		}
		slices.Sort(want)
		slices.Sort(got[i])
		if !slices.Equal(want, got[i]) {
			t.Errorf("server %d: the reference says %v, the pair says %v", i, want, got[i])
		}
		fired += len(want)
	}
	if fired < 100 {
		t.Errorf("only %d alerts: the series are too tame to show anything", fired)
	}
}

// wander is a walk of plateaus with jumps, falls to nothing and holes.
func wander(rnd *rand.Rand, n int, level float64) []float64 {
	if level == 0 {
		level = 200
	}
	out, v := []float64{}, level
	for len(out) < n {
		plateau := 1 + rnd.IntN(12)
		switch rnd.IntN(8) {
		case 0:
			v = 0
		case 1:
			v = none
		case 2, 3:
			v = level * (1.5 + 4*rnd.Float64())
		default:
			v = level * (0.2 + rnd.Float64())
		}
		for range min(plateau, n-len(out)) {
			out = append(out, v*(1+rnd.Float64()/50))
		}
	}
	return out
}

func allOn(v *storage.AlertSettings) {
	v.TCPListenEnabled, v.TCPTimeWaitEnabled, v.TCPSynSentEnabled, v.TCPSynRecvEnabled, v.TCPFinWaitEnabled = true, true, true, true, true
}

// play runs checks over series of every server and trigger, and returns what began to fire as type@check.
func (r *rig) play(length int, series func(i int, trigger string) []float64) map[int][]string {
	begun, before := map[int][]string{}, map[int][]string{}
	for step := range length {
		r.poll(all)
		for name, feed := range feeds {
			feed(r, func(i int) float64 {
				if s := series(i, name); s != nil {
					return s[step]
				}
				return none
			})
		}
		r.check()
		now := r.firing()
		for i, types := range now {
			for _, name := range types {
				if !slices.Contains(before[i], name) {
					begun[i] = append(begun[i], fmt.Sprintf("%s@%d", name, step))
				}
			}
		}
		before = now
	}
	return begun
}

func (r *rig) trigger(name string) storage.Trigger {
	for _, t := range r.Settings().Triggers() {
		if t.Name == name {
			return t
		}
	}
	r.t.Fatalf("no trigger %s", name)
	return storage.Trigger{}
}

// samplesFrom lines values up with the checks that have just been played.
func (r *rig) samplesFrom(values []float64) []sample {
	out := make([]sample, len(values))
	for i, v := range values {
		out[i] = sample{at: r.now.Add(time.Duration(i-len(values)) * oneStep), value: v, cores: 2, missing: math.IsNaN(v)}
	}
	return out
}

func (r *rig) index(at time.Time, length int) int { return length - int(r.now.Sub(at)/oneStep) }

// Every trigger has a source, and its rules say what the settings say.
func TestEveryTriggerHasASource(t *testing.T) {
	t.Parallel()
	for _, trigger := range storage.DefaultAlertSettings().Triggers() {
		if sources[trigger.Name].query == "" || feeds[trigger.Name] == nil {
			t.Errorf("trigger %s has no source", trigger.Name)
		}
	}
}
