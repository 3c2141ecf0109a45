package collector

import (
	"math"
	"time"
)

// historyLength is how many one-second samples are kept: the longest window that a scrape can ask for.
const historyLength = 120

// MaxWindow is the longest window of Rates and of the page's ?window=.
const MaxWindow = historyLength * time.Second

// Rate tells of a stretch of time its mean and its worst second.
type Rate struct{ Mean, Max float64 }

// clock is the ring of the samples' lengths that all histories share: the position of a sample in it is its position
// in every history.
type clock struct {
	seconds [historyLength]float64
	next    int // where the coming sample goes
	filled  int
}

// advance makes room for a sample that covers d and returns its position.
func (c *clock) advance(d time.Duration) int {
	at := c.next
	c.seconds[at] = d.Seconds()
	c.next = (at + 1) % historyLength
	c.filled = min(c.filled+1, historyLength)
	return at
}

// history is the ring of one rate. NaN stands for a second that nothing is known of.
type history [historyLength]float64

func newHistory() *history {
	h := new(history)
	for i := range h {
		h[i] = math.NaN()
	}
	return h
}

// over computes the rate of the newest samples that cover window. It weighs each by its length, since a busy machine
// may have been sampled late. ok is false if nothing is known.
func (h *history) over(c *clock, window time.Duration) (r Rate, ok bool) {
	var sum, known, covered float64
	for i := range c.filled {
		// Half a second of slack: samples are never exactly a second long.
		if covered > window.Seconds()-0.5 {
			break
		}
		at := (c.next - 1 - i + historyLength) % historyLength
		seconds := c.seconds[at]
		covered += seconds
		if math.IsNaN(h[at]) {
			continue
		}
		sum += h[at] * seconds
		known += seconds
		r.Max = max(r.Max, h[at])
	}
	if known == 0 {
		return Rate{}, false
	}
	r.Mean = sum / known
	return r, true
}
