package tsdb

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
)

// Metadata is what exposition pages say about a metric.
type Metadata struct {
	Type string `json:"type"` // counter, gauge, histogram, summary or unknown
	Help string `json:"help"`
	Unit string `json:"unit"` // always empty: the text format has no unit
}

const (
	maxMetadataMetrics = 20_000
	maxMetadataPer     = 10 // different answers for one metric, from agents of different versions
	maxHelpBytes       = 1 << 10
)

// metadataStore keeps metadata in memory; after a restart the next scrapes bring it back.
type metadataStore struct {
	mu       sync.RWMutex
	byMetric map[string][]Metadata
}

func newMetadataStore() *metadataStore { return &metadataStore{byMetric: map[string][]Metadata{}} }

func (s *metadataStore) add(metric string, m Metadata) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.byMetric[metric]
	if slices.Contains(known, m) || len(known) >= maxMetadataPer {
		return
	}
	if known == nil && len(s.byMetric) >= maxMetadataMetrics {
		return
	}
	s.byMetric[metric] = append(known, m)
}

// Metadata returns what was scraped about a metric, about all metrics when metric is empty. A limit of 0 means none.
func (db *DB) Metadata(_ context.Context, metric string, limit, limitPerMetric int) map[string][]Metadata {
	s := db.metadata
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := map[string][]Metadata{}
	for name, list := range s.byMetric {
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
		m := families[metric]
		switch {
		case kind == "HELP":
			m.Help = text
		case text == "untyped":
			m.Type = "unknown"
		default:
			m.Type = text
		}
		families[metric] = m
	}
	for metric, m := range families {
		if m.Type == "" {
			m.Type = "unknown"
		}
		e.db.metadata.add(metric, m)
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
	return knownKind(s.byMetric[metric])
}

func knownKind(list []Metadata) string {
	for _, m := range list {
		if m.Type != "unknown" {
			return m.Type
		}
	}
	return ""
}

// eachKind calls f with every metric whose type is known.
func (s *metadataStore) eachKind(f func(metric, kind string)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for metric, list := range s.byMetric {
		if kind := knownKind(list); kind != "" {
			f(metric, kind)
		}
	}
}
