package tsdb

import (
	"bytes"
	"errors"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	textformat "github.com/VictoriaMetrics/VictoriaMetrics/lib/protoparser/prometheus"

	"monitoring/storage"
)

// Limits of an exposition page when ExpositionOptions says nothing.
const (
	defaultSampleLimit     = 50_000
	defaultLabelLimit      = 64
	defaultLabelNameLimit  = 256
	defaultLabelValueLimit = 4096
	defaultMetricLimit     = 20_000    // HAProxy with 2,000 rules has 16,000 of one
	defaultChurnPerHour    = 512 << 10 // about 5,000 series
	defaultChurnBurst      = 8 << 20   // the first page is all new
)

// ExpositionOptions describe one target. A limit of 0 means the default.
type ExpositionOptions struct {
	Labels          []storage.Label // added to every series; a page label of the same name becomes exported_<name>
	Reserved        []string        // beginnings of metric names that are not the target's to use: they become exported_<name>
	SampleLimit     int
	LabelLimit      int // labels of one series, target labels and name included
	LabelNameLimit  int // bytes
	LabelValueLimit int // bytes
	MetricLimit     int // series of one metric: a query over all targets may touch so many only
	ChurnPerHour    int // bytes of lines that the page before did not have
	ChurnBurst      int // how many of them at once
}

func (o *ExpositionOptions) setDefaults() {
	set := func(limit *int, value int) {
		if *limit <= 0 {
			*limit = value
		}
	}
	set(&o.SampleLimit, defaultSampleLimit)
	set(&o.LabelLimit, defaultLabelLimit)
	set(&o.LabelNameLimit, defaultLabelNameLimit)
	set(&o.LabelValueLimit, defaultLabelValueLimit)
	set(&o.MetricLimit, defaultMetricLimit)
	set(&o.ChurnPerHour, defaultChurnPerHour)
	set(&o.ChurnBurst, defaultChurnBurst)
}

// ExpositionStats count one page.
type ExpositionStats struct {
	Samples int // on the page
	Added   int // series that the page before did not have
	Dropped int // samples not stored: ordinary NaN, or a series that stands on the page twice
}

// Exposition stores the pages of one target in the Prometheus text format. It remembers the lines of the last page:
// a target sends the same lines in the same order each time, so usually a line is compared with the remembered one and
// only its value is read. Timestamps on the page are ignored.
type Exposition struct {
	db     *DB
	target []byte // target labels in the engine's form
	parser lineParser

	mu    sync.Mutex
	pages walSource  // of Append and Stale
	meta  walSource  // of AppendMeta
	lines []pageLine // of the last page, in its order
	churn churn
	kinds map[string]string // what the target said of its metrics: it has one vote for each
	extra []string          // series written by AppendMeta, in the engine's form without the target labels
}

// NewExposition starts to remember the pages of one target.
func (db *DB) NewExposition(o ExpositionOptions) *Exposition {
	o.setDefaults()
	o.Labels = slices.DeleteFunc(slices.Clone(o.Labels), func(l storage.Label) bool { return l.Value == "" })
	e := &Exposition{db: db, parser: lineParser{options: o, seed: maphash.MakeSeed()}, churn: newChurn(o.ChurnPerHour, o.ChurnBurst), kinds: map[string]string{}}
	e.target, _ = appendSeriesName(nil, o.Labels, nil)
	e.pages.target, e.meta.target = e.target, e.target
	return e
}

// Append stores a page as of at, and staleness markers for the series that the page before had and this one lacks.
// When the page is unfit nothing of it is stored and the error is a *PageError. A series whose value became NaN ends,
// since the storage engine cannot hold NaN.
func (e *Exposition) Append(page []byte, at time.Time) (ExpositionStats, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.db.enter(); err != nil {
		return ExpositionStats{}, err
	}
	defer e.db.calls.Done()
	if len(page) > 0 && page[len(page)-1] != '\n' {
		return ExpositionStats{}, &PageError{Err: ErrPageTruncated}
	}
	ms, err := e.time(at)
	if err != nil {
		return ExpositionStats{}, err
	}
	r := pageReader{e: e, page: page, at: ms, batch: getRows()}
	defer putRows(r.batch)
	if err := r.read(); err != nil {
		return ExpositionStats{}, err
	}
	if err := e.db.store(&e.pages, r.batch); err != nil {
		return ExpositionStats{}, err
	}
	r.commit()
	e.count(&r)
	return r.stats, nil
}

func (e *Exposition) count(r *pageReader) {
	m := e.db.metrics
	m.appended.Add(float64(r.batch.len()))
	m.dropped.WithLabelValues("nan").Add(float64(r.nans))
	m.dropped.WithLabelValues("duplicate").Add(float64(r.stats.Dropped - r.nans))
	m.pages.WithLabelValues("remembered").Add(float64(r.remembered))
	m.pages.WithLabelValues("parsed").Add(float64(r.parsed))
}

// AppendMeta stores samples about the target itself, such as up. Target labels are added.
func (e *Exposition) AppendMeta(samples ...storage.Sample) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.db.enter(); err != nil {
		return err
	}
	defer e.db.calls.Done()
	batch := getRows()
	defer putRows(batch)
	b := e.db.raw.bounds()
	names := make([]string, len(samples))
	for i, s := range samples {
		full := storage.Sample{Labels: append(slices.Clone(s.Labels), e.parser.options.Labels...), Time: s.Time, Value: s.Value}
		if err := checkSample(&full, b); err != nil {
			return err
		}
		name, _ := appendSeriesName(nil, s.Labels, nil)
		names[i] = string(name)
		if !isOrdinaryNaN(s.Value) {
			batch.addName(e.target, names[i], s.Time, s.Value)
		}
	}
	if err := e.db.store(&e.meta, batch); err != nil {
		return err
	}
	e.db.metrics.appended.Add(float64(batch.len()))
	for _, name := range names {
		if !slices.Contains(e.extra, name) {
			e.extra = append(e.extra, name)
		}
	}
	return nil
}

// Stale ends all series of the target: those of the last page and those of AppendMeta. A sample of the same time, written
// before or after, wins over the marker, so up may be set to 0 at the same moment.
func (e *Exposition) Stale(at time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.db.enter(); err != nil {
		return err
	}
	defer e.db.calls.Done()
	ms, err := e.time(at)
	if err != nil {
		return err
	}
	batch := getRows()
	defer putRows(batch)
	for i := range e.lines {
		if e.lines[i].live {
			batch.addName(e.target, e.lines[i].text.Value().name, ms, staleMarker)
		}
	}
	for _, name := range e.extra {
		batch.addName(e.target, name, ms, staleMarker)
	}
	if err := e.db.store(&e.pages, batch); err != nil {
		return err
	}
	e.db.metrics.appended.Add(float64(batch.len()))
	for i := range e.lines {
		e.lines[i].live = false
	}
	e.extra = e.extra[:0]
	return nil
}

func (e *Exposition) time(at time.Time) (int64, error) {
	s := storage.Sample{Labels: append([]storage.Label{{Name: nameLabel, Value: "page"}}, e.parser.options.Labels...), Time: at.UnixMilli()}
	return s.Time, checkSample(&s, e.db.raw.bounds())
}

// textParser is the full parser of the text format, for lines that are not remembered.
type textParser struct {
	rows textformat.Rows
	tags []storage.Label
	err  string
}

// parse reads one sample line. The result is valid until the next call.
func (p *textParser) parse(line []byte) (metric string, tags []storage.Label, err error) {
	p.err = ""
	p.rows.UnmarshalWithErrLogger(string(line), p.setError)
	if p.err != "" || len(p.rows.Rows) != 1 {
		return "", nil, errors.New("cannot read " + excerpt(line))
	}
	row := &p.rows.Rows[0]
	p.tags = p.tags[:0]
	for _, t := range row.Tags {
		p.tags = append(p.tags, storage.Label{Name: t.Key, Value: t.Value})
	}
	return row.Metric, p.tags, nil
}

func (p *textParser) setError(s string) { p.err = s }

// trimLine returns the line that starts at b, without its end, and its full length.
func trimLine(b []byte) (line []byte, n int) {
	n = bytes.IndexByte(b, '\n') + 1 // a page ends with a line feed
	return bytes.TrimSuffix(b[:n-1], []byte{'\r'}), n
}
