package tsdb

import "time"

// churnBurst is how many hours' worth of new lines a target may bring at once: the first page is all new.
const churnBurst = 8

// churn bounds how many new series one target makes in the long run. Each costs memory, index and disk for as long as
// samples are kept, and a page within its limits can be all new every few seconds. A page like that of every machine
// brings some lines a day.
type churn struct {
	perHour int
	left    int
	at      time.Time // of left; zero: before the first page
}

func newChurn(perHour int) churn { return churn{perHour: perHour, left: churnBurst * perHour} }

// allowance returns how many bytes of new lines the page of now may have.
func (c *churn) allowance(now time.Time) int {
	if !c.at.IsZero() {
		since := max(0, min(now.Sub(c.at), churnBurst*time.Hour))
		c.left = min(c.left+int(since.Hours()*float64(c.perHour)), churnBurst*c.perHour)
	}
	c.at = now
	return c.left
}

func (c *churn) spend(bytes int) { c.left -= bytes }
