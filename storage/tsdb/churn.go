package tsdb

import (
	"slices"
	"time"
)

// churn bounds how many new series one target makes in the long run. Each costs memory, index and disk for as long as
// samples are kept, and a page within its limits can be all new every few seconds. A page like that of every machine
// brings some lines a day.
type churn struct {
	perHour, most int
	left          int
	at            time.Time // of left; zero: before the first page
	gone          []uint64  // series that were on a page and are not now, sorted: they may come back, as a service's do that was stopped
}

const maxGone = 50_000

// leastCost is what a new line counts at least: a short name costs the index hardly less than a long one.
const leastCost = 100

func newChurn(perHour, most int) churn { return churn{perHour: perHour, most: most, left: most} }

// allowance returns how many bytes of new lines the page of now may have.
func (c *churn) allowance(now time.Time) int {
	if !c.at.IsZero() {
		since := max(0, min(now.Sub(c.at), 1000*time.Hour))
		c.left = min(c.left+int(since.Hours()*float64(c.perHour)), c.most)
	}
	c.at = now
	return c.left
}

func (c *churn) spend(bytes int) { c.left -= bytes }

// knows reports whether a series was on a page before the last.
func (c *churn) knows(id uint64) bool {
	_, ok := slices.BinarySearch(c.gone, id)
	return ok
}

// vanished takes down the series that the last page had and this one lacks.
func (c *churn) vanished(ids []uint64) {
	if ids = slices.DeleteFunc(ids, c.knows); len(ids) == 0 {
		return
	}
	if len(c.gone)+len(ids) > maxGone {
		c.gone = nil
	}
	c.gone = append(c.gone, ids[:min(len(ids), maxGone)]...)
	slices.Sort(c.gone)
	c.gone = slices.Compact(c.gone)
}
