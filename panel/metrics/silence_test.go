package metrics

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSilences(t *testing.T) {
	t.Parallel()
	const step = 10 * time.Second
	// Each digit is a step of ten seconds from 0 s on: how many tenths of it were answered, x is all, a dot was not asked.
	f := func(steps string, want ...interlude) {
		t.Helper()
		var list []share
		for i, c := range steps {
			at := int64(i+1) * 10
			switch c {
			case '.':
			case 'x':
				list = append(list, share{at * 1000, 1})
			default:
				list = append(list, share{at * 1000, float64(c-'0') / 10})
			}
		}
		got := silences(list, int64(len(steps))*10_000, step, 15*time.Second, 20*time.Second)
		for i := range got {
			got[i].from, got[i].to = got[i].from/1000, got[i].to/1000
		}
		if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", steps, got, want)
		}
	}
	f("")
	f("xxxx")
	f("xx0xx")                               // one lost scrape
	f("xx00xx", interlude{20, 40, false})    // two
	f("xx5005xx", interlude{25, 55, false})  // the parts lie towards the whole
	f("xx55xx")                              // 10 s in all
	f("xx22xx", interlude{22, 38, false})    // 16 s
	f("xx00x00xx", interlude{20, 70, false}) // lost again at once
	f("xx00xxx00xx", interlude{20, 40, false}, interlude{70, 90, false})
	f("xx00..00xx", interlude{20, 80, false})   // the panel was restarted
	f("xx00......xx", interlude{20, 40, false}) // it stopped asking
	f("xx0")                                    // just lost: perhaps no more than one
	f("xx000", interlude{20, 50, true})         // lost
	f("00", interlude{0, 20, true})             // all the time
	f("xx0002", interlude{20, 58, false})       // answered in the last step
	f("xx000..", interlude{20, 50, true})       // the next scrape is late
	f("xx000...", interlude{20, 50, false})     // not asked since
}

// Whatever the samples: silences come in order, apart, long enough, hold every step without an answer that is long enough
// by itself, and touch no step in which everything was answered unless they were joined over it.
func TestSilencesOfAnySamples(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		step := time.Duration(rapid.IntRange(1, 7200).Draw(rt, "step")) * time.Second
		least := time.Duration(rapid.IntRange(0, 600).Draw(rt, "least")) * time.Second
		join := time.Duration(rapid.IntRange(0, 600).Draw(rt, "join")) * time.Second
		kinds := rapid.SliceOfN(rapid.SampledFrom([]float64{-1, 0, 0, 0.25, 0.9, 1, 1}), 0, 60).Draw(rt, "steps")
		var steps []share
		for i, v := range kinds {
			if v >= 0 { // else not asked
				steps = append(steps, share{int64(i+1) * step.Milliseconds(), v})
			}
		}
		until := int64(len(kinds)) * step.Milliseconds()
		got := silences(steps, until, step, least, join)
		for i, one := range got {
			switch {
			case one.from >= one.to:
				rt.Fatalf("%v is empty", one)
			case i > 0 && one.from-got[i-1].to <= join.Milliseconds():
				rt.Fatalf("%v and %v should be one", got[i-1], one)
			case one.to-one.from < least.Milliseconds():
				rt.Fatalf("%v is shorter than %v", one, least)
			case one.open && (i < len(got)-1 || one.to != steps[len(steps)-1].ms || steps[len(steps)-1].value > 0):
				rt.Fatalf("%v is open among %v", one, got)
			}
		}
		for _, s := range steps {
			covered := int64(0)
			for _, one := range got {
				covered += max(0, min(one.to, s.ms)-max(one.from, s.ms-step.Milliseconds()))
			}
			if s.value == 0 && step >= least && covered != step.Milliseconds() {
				rt.Fatalf("the silent step at %d is not in %v", s.ms, got)
			}
			if s.value == 1 && covered > join.Milliseconds() {
				rt.Fatalf("the answered step at %d is in %v", s.ms, got)
			}
		}
	})
}
