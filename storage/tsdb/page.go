package tsdb

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
	"unique"
)

// pageReader reads one page of an Exposition into a batch without touching what the Exposition remembers; commit does that.
//
// It runs in two modes. As long as the page has the remembered lines in the remembered order, match reads it. At the
// first line that differs, change takes over and puts together the new list of lines.
type pageReader struct {
	e     *Exposition
	page  []byte
	at    int64
	batch *rows

	pos    int // in page
	line   int // number of the line at pos, 0 is the first
	cursor int // remembered line that is expected next

	ended, began []int // remembered lines whose value became NaN, or stopped being NaN; in order

	changed *changedPage // nil while the page is as remembered

	brought, mayBringNew int // bytes of lines that are not remembered, and how many there may be

	stats              ExpositionStats
	nans               int
	remembered, parsed int
}

// changedPage is what change knows: the new lines and indexes to find things by.
type changedPage struct {
	next     []pageLine
	ids      map[uint64]bool  // series of next: is it live
	byPrefix map[string]int32 // to the remembered lines
	metrics  map[string]int   // series of next by metric
	comments int
	news     bool // a TYPE or HELP line that was not remembered
}

func (r *pageReader) read() error {
	r.mayBringNew = r.e.churn.allowance(time.Now())
	if err := r.match(); err != nil {
		return err
	}
	if r.pos < len(r.page) || r.cursor < len(r.e.lines) {
		if err := r.change(); err != nil {
			return err
		}
	}
	r.addMarkers()
	return nil
}

func (r *pageReader) errorAt(err error) error {
	if p, ok := errors.AsType[*PageError](err); ok {
		p.Line = r.line + 1
	}
	return err
}

// match reads lines as long as they are the remembered ones.
func (r *pageReader) match() error {
	lines := r.e.lines
	for r.pos < len(r.page) {
		if r.cursor < len(lines) {
			l := &lines[r.cursor]
			text := l.text.Value()
			if v, n, ok := text.match(r.page[r.pos:]); ok {
				r.pos += n
				r.line++
				if text.name != "" {
					if err := r.sample(l, text.name, v); err != nil {
						return r.errorAt(err)
					}
				}
				r.cursor++
				continue
			}
		}
		if !r.skip() {
			return nil
		}
	}
	return nil
}

// sample takes a value of a remembered line.
func (r *pageReader) sample(l *pageLine, name string, v float64) error {
	r.remembered++
	store := !l.dup && !math.IsNaN(v)
	if err := r.add(name, v, l.dup); err != nil {
		return err
	}
	if store != l.live {
		if store {
			r.began = append(r.began, r.cursor)
		} else {
			r.ended = append(r.ended, r.cursor)
		}
	}
	return nil
}

// add counts a sample and puts it into the batch, unless it is a duplicate or NaN.
func (r *pageReader) add(name string, v float64, dup bool) error {
	r.stats.Samples++
	if limit := r.e.parser.options.SampleLimit; r.stats.Samples > limit {
		return &PageError{Err: ErrSampleLimit, Detail: fmt.Sprintf("the limit is %d", limit)}
	}
	switch {
	case dup:
		r.stats.Dropped++
	case math.IsNaN(v):
		r.stats.Dropped++
		r.nans++
	default:
		r.batch.addName(r.e.target, name, r.at, v)
	}
	return nil
}

// skip passes over a line that says nothing: an empty one, or a comment that is neither TYPE nor HELP.
func (r *pageReader) skip() bool {
	line, n := trimLine(r.page[r.pos:])
	line = bytes.TrimLeft(line, " \t")
	if len(line) > 0 && (line[0] != '#' || isMetadata(line)) {
		return false
	}
	r.pos += n
	r.line++
	return true
}

// change reads the rest of a page that differs from the remembered one.
func (r *pageReader) change() error {
	r.startChange()
	for r.pos < len(r.page) {
		if r.skip() {
			continue
		}
		line, n := trimLine(r.page[r.pos:])
		if err := r.changedLine(line, n); err != nil {
			return r.errorAt(err)
		}
		r.pos += n
		r.line++
	}
	return nil
}

func (r *pageReader) startChange() {
	lines := r.e.lines
	c := &changedPage{
		next:     slices.Clone(lines[:r.cursor]),
		ids:      make(map[uint64]bool, len(lines)),
		byPrefix: make(map[string]int32, len(lines)-r.cursor),
		metrics:  map[string]int{},
	}
	for _, i := range r.ended {
		c.next[i].live = false
	}
	for _, i := range r.began {
		c.next[i].live = true
	}
	for _, l := range c.next {
		if l.id == 0 {
			c.comments++
		} else {
			c.ids[l.id] = c.ids[l.id] || l.live
			c.metrics[l.metric()]++
		}
	}
	for i := r.cursor; i < len(lines); i++ {
		c.byPrefix[lines[i].text.Value().prefix] = int32(i)
	}
	r.changed = c
}

// changedLine adds one line, its length n counted with the line feed, to the new list.
func (r *pageReader) changedLine(line []byte, n int) error {
	if l, v, ok := r.recall(line, n); ok {
		r.remembered++
		return r.take(l, v)
	}
	if isMetadata(bytes.TrimLeft(line, " \t")) {
		r.changed.news = true
		if err := r.bring(n); err != nil {
			return err
		}
		return r.take(pageLine{text: unique.Make(lineText{prefix: string(line)})}, 0)
	}
	r.parsed++
	l, v, err := r.e.parser.parse(line)
	if err == nil && !r.e.churn.knows(l.id) {
		err = r.bring(n)
	}
	if err != nil {
		return err
	}
	return r.take(l, v)
}

// bring counts a line of n bytes that the target has not sent before.
func (r *pageReader) bring(n int) error {
	if r.brought += max(n, leastCost); r.brought > r.mayBringNew {
		return &PageError{Err: ErrChurn, Detail: fmt.Sprintf("%d kB of new lines are allowed at the moment", r.mayBringNew>>10)}
	}
	return nil
}

// recall finds a line among the remembered ones: the expected one first, else by what stands before the value.
func (r *pageReader) recall(line []byte, n int) (l pageLine, v float64, ok bool) {
	b := r.page[r.pos : r.pos+n]
	lines := r.e.lines
	if r.cursor < len(lines) {
		if v, _, ok := lines[r.cursor].text.Value().match(b); ok {
			r.cursor++
			return lines[r.cursor-1], v, true
		}
	}
	prefix := line
	if line[0] != '#' {
		if i := valueStart(line); i >= 0 {
			prefix = line[:i]
		}
	}
	i, ok := r.changed.byPrefix[string(prefix)]
	if !ok {
		return l, 0, false
	}
	if v, _, ok = lines[i].text.Value().match(b); ok {
		r.cursor = int(i) + 1
	}
	return lines[i], v, ok
}

// take appends a line with its value to the new list.
func (r *pageReader) take(l pageLine, v float64) error {
	c := r.changed
	if l.id == 0 {
		if c.comments++; c.comments > 2*r.e.parser.options.SampleLimit {
			return &PageError{Err: ErrSampleLimit, Detail: "too many TYPE and HELP lines"}
		}
	} else {
		metric := l.metric()
		if c.metrics[metric]++; c.metrics[metric] > r.e.parser.options.MetricLimit {
			return &PageError{Err: ErrSampleLimit, Detail: fmt.Sprintf("of %.80s; the limit of one metric is %d", metric, r.e.parser.options.MetricLimit)}
		}
		_, l.dup = c.ids[l.id]
		l.live = !l.dup && !math.IsNaN(v)
		if !l.dup {
			c.ids[l.id] = l.live
		}
		if err := r.add(l.text.Value().name, v, l.dup); err != nil {
			return err
		}
	}
	c.next = append(c.next, l)
	return nil
}

// addMarkers ends the series that the page no longer has, and counts those that it has anew.
func (r *pageReader) addMarkers() {
	end := func(l *pageLine) { r.batch.addName(r.e.target, l.text.Value().name, r.at, staleMarker) }
	if r.changed == nil {
		for _, i := range r.ended {
			end(&r.e.lines[i])
		}
		r.stats.Added = len(r.began)
		return
	}
	kept := 0
	for i := range r.e.lines {
		if l := &r.e.lines[i]; !l.live {
			continue
		} else if r.changed.ids[l.id] {
			kept++
		} else {
			end(l)
		}
	}
	for _, l := range r.changed.next {
		if l.live {
			r.stats.Added++
		}
	}
	r.stats.Added -= kept
}

// commit makes the Exposition remember this page.
func (r *pageReader) commit() {
	r.e.churn.spend(r.brought)
	if r.changed == nil {
		for _, i := range r.ended {
			r.e.lines[i].live = false
		}
		for _, i := range r.began {
			r.e.lines[i].live = true
		}
		return
	}
	var gone []uint64
	for _, l := range r.e.lines {
		if _, still := r.changed.ids[l.id]; !still && l.id != 0 {
			gone = append(gone, l.id)
		}
	}
	r.e.churn.vanished(gone)
	r.e.lines = slices.Clip(r.changed.next)
	if r.changed.news {
		r.e.learnMetadata()
	}
}
