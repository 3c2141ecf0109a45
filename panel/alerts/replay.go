package alerts

import (
	"time"

	"monitoring/storage"
)

// sample is the value of one metric of one server at a check; a missing one has no value.
type sample struct {
	at      time.Time
	value   float64
	cores   float64 // of the load only
	missing bool
}

// firing is one time that a trigger fires.
type firing struct {
	kind  string // critical, spike, drop or high
	since time.Time
	at    time.Time
	until time.Time // zero if it still fires at the end
}

// replay is the specification of the triggers in plain Go: what fires, given the values of every check. The rules that
// generate writes must agree with it, which a test sees to; back-tests ask it alone.
func replay(t storage.Trigger, samples []sample) []firing {
	var out []firing
	open := map[string]*firing{} // conditions that hold
	var b storage.Baseline
	for _, x := range samples {
		holds := map[string]bool{}
		if !x.missing && b.Samples+1 >= warmUp {
			holds = conditions(t, x, b)
		}
		for kind := range open {
			if !holds[kind] {
				if f := open[kind]; !f.at.IsZero() {
					f.until = x.at
					out = append(out, *f)
				}
				delete(open, kind)
			}
		}
		for kind := range holds {
			if open[kind] == nil {
				open[kind] = &firing{kind: kind, since: x.at}
			}
			if f := open[kind]; f.at.IsZero() && x.at.Sub(f.since) >= t.Sustained {
				f.at = x.at
			}
		}
		if !x.missing {
			b = learn(b, x.value, len(holds) > 0)
		}
	}
	for _, f := range open {
		if !f.at.IsZero() {
			out = append(out, *f)
		}
	}
	return out
}

// conditions compares one value with the limits and the baseline.
func conditions(t storage.Trigger, x sample, b storage.Baseline) map[string]bool {
	out := map[string]bool{}
	is := func(kind string, holds bool) {
		if holds {
			out[kind] = true
		}
	}
	switch t.Name {
	case storage.TriggerLoad:
		is("high", x.value > x.cores+t.Above)
		return out
	case storage.TriggerConntrack:
		is("high", x.value >= t.Critical)
		return out
	}
	is("critical", t.Critical > 0 && x.value >= t.Critical)
	rise := 100.0 // from nothing to something
	if b.EMA != 0 {
		rise = (x.value - b.EMA) / b.EMA * 100
	}
	is("spike", t.Spike > 0 && x.value > 0 && rise > t.Spike && x.value >= t.Floor)
	is("drop", t.Drop > 0 && b.EMA > 0 && (b.EMA-x.value)/b.EMA*100 > t.Drop && b.EMA >= t.Floor)
	return out
}
