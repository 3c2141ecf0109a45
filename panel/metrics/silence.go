package metrics

import "time"

// share says how much of a step, which ends at a time, the agent answered: 1 is always, 0 never.
type share struct {
	ms    int64
	value float64
}

// interlude is a time in Unix milliseconds. One that is open was not over when it was last looked at.
type interlude struct {
	from, to int64
	open     bool
}

// silences finds when an agent did not answer, from the share of answers in each step; steps in which it was not asked are
// missing. Silences that are not further apart than join are one, for a server that is lost answers now and then; what is
// shorter than least after that is left out. One that reaches the end of what was asked is open if that is until, or nearly.
//
// Where the silence lies in a step with some answers is not known: at its begin if the step before ended in silence, else
// at its end.
func silences(steps []share, until int64, step, least, join time.Duration) []interlude {
	var all []interlude
	for _, s := range steps {
		silent := int64((1 - s.value) * float64(step.Milliseconds()))
		if silent <= 0 {
			continue
		}
		begin := s.ms - step.Milliseconds()
		one := interlude{from: s.ms - silent, to: s.ms, open: s.value <= 0}
		last := len(all) - 1
		if last >= 0 && all[last].to == begin {
			one.from, one.to = begin, begin+silent
		}
		if last >= 0 && one.from-all[last].to <= join.Milliseconds() {
			all[last].to, all[last].open = one.to, one.open
			continue
		}
		all = append(all, one)
	}
	kept := all[:0]
	for _, one := range all {
		one.open = one.open && one.to == steps[len(steps)-1].ms && until-one.to <= join.Milliseconds()
		if one.to-one.from >= least.Milliseconds() {
			kept = append(kept, one)
		}
	}
	return kept
}
