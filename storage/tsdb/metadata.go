package tsdb

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/common/model"
)

// Metadata is what exposition pages say about a metric.
type Metadata struct {
	Type string `json:"type"` // counter, gauge, histogram, summary or unknown
	Help string `json:"help"`
	Unit string `json:"unit"` // always empty: the text format has no unit
}

const (
	maxMetadataMetrics   = 20_000
	maxMetadataPer       = 10    // different answers for one metric, from agents of different versions
	maxMetadataPerTarget = 2_000 // metrics that one target may tell about
	maxMetadataName      = 256
	maxHelpBytes         = 1 << 10
)

// kinds are the types of the text format. What else stands after TYPE counts as unknown.
var kinds = []string{"counter", "gauge", "histogram", "summary"}

// metadataStore keeps metadata in memory; after a restart the next scrapes bring it back. Targets belong to strangers, and
// the type of a metric decides how those of all others are rolled up: each has one vote.
type metadataStore struct {
	mu       sync.RWMutex
	byMetric map[string]*family
}

type family struct {
	told  []Metadata     // different answers, in the order in which they came
	votes map[string]int // targets by the type that they tell; not those of an unknown one
}

func newMetadataStore() *metadataStore { return &metadataStore{byMetric: map[string]*family{}} }

// add takes what a target tells of a metric; before is the type that it told last, "" the first time.
func (s *metadataStore) add(metric string, m Metadata, before string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.byMetric[metric]
	if f == nil {
		if len(s.byMetric) >= maxMetadataMetrics {
			return
		}
		f = &family{votes: map[string]int{}}
		s.byMetric[metric] = f
	}
	if len(f.told) < maxMetadataPer && !slices.Contains(f.told, m) {
		f.told = append(f.told, m)
	}
	if f.votes[before] > 0 {
		f.votes[before]--
	}
	if m.Type != "unknown" {
		f.votes[m.Type]++
	}
}

// kind is the type that most targets tell, "" when none does.
func (f *family) kind() string {
	if f == nil {
		return ""
	}
	most := ""
	for _, kind := range kinds {
		if f.votes[kind] > f.votes[most] {
			most = kind
		}
	}
	return most
}

// Metadata returns what was scraped about a metric, about all metrics when metric is empty. A limit of 0 means none.
func (db *DB) Metadata(_ context.Context, metric string, limit, limitPerMetric int) map[string][]Metadata {
	s := db.metadata
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := map[string][]Metadata{}
	for name, f := range s.byMetric {
		list := f.told
		if metric != "" && name != metric {
			continue
		}
		if limit > 0 && len(out) >= limit {
			break
		}
		if limitPerMetric > 0 && len(list) > limitPerMetric {
			list = list[:limitPerMetric]
		}
		out[name] = slices.Clone(list)
	}
	return out
}

// learnMetadata hands the TYPE and HELP lines of the page to the database.
func (e *Exposition) learnMetadata() {
	families := map[string]Metadata{}
	for i := range e.lines {
		if e.lines[i].id != 0 {
			continue
		}
		kind, metric, text := parseMetadata(e.lines[i].text.Value().prefix)
		if len(metric) > maxMetadataName || !model.LegacyValidation.IsValidMetricName(metric) {
			continue
		}
		m := families[metric]
		if kind == "HELP" {
			m.Help = text
		} else if slices.Contains(kinds, text) {
			m.Type = text
		}
		families[metric] = m
	}
	for metric, m := range families {
		before, known := e.kinds[metric]
		if !known && len(e.kinds) >= maxMetadataPerTarget {
			continue
		}
		m.Type = cmp.Or(m.Type, "unknown")
		e.kinds[metric] = m.Type
		e.db.metadata.add(metric, m, before)
	}
}

// isMetadata tells TYPE and HELP lines, without leading blanks, from other comments.
func isMetadata(line []byte) bool {
	return bytes.HasPrefix(line, []byte("# TYPE ")) || bytes.HasPrefix(line, []byte("# HELP "))
}

var helpEscapes = strings.NewReplacer(`\\`, `\`, `\n`, "\n")

// parseMetadata splits "# HELP metric text" and "# TYPE metric type".
func parseMetadata(line string) (kind, metric, text string) {
	line = strings.TrimLeft(line, " \t")
	kind, rest := line[2:6], strings.TrimLeft(line[7:], " \t")
	metric, text, _ = strings.Cut(rest, " ")
	if kind == "HELP" {
		text = helpEscapes.Replace(text)
		if len(text) > maxHelpBytes {
			text = strings.ToValidUTF8(text[:maxHelpBytes], "")
		}
		return kind, metric, text
	}
	return kind, metric, strings.TrimSpace(text)
}

// kind returns the type of a metric, "" when none is known.
func (s *metadataStore) kind(metric string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byMetric[metric].kind()
}

// eachKind calls f with every metric whose type is known.
func (s *metadataStore) eachKind(f func(metric, kind string)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for metric, told := range s.byMetric {
		if kind := told.kind(); kind != "" {
			f(metric, kind)
		}
	}
}
