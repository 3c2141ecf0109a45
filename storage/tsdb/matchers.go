package tsdb

import (
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
)

// A term is one condition that the engine's index can answer. Value is never anything but a literal, a list of quoted
// literals, a quoted prefix or ".+": the engine rewrites regular expressions by rules of its own (anchors, line feeds,
// case), so what a regular expression means is decided by Prometheus' matcher alone.
type term struct {
	label, value     string
	negative, regexp bool
}

const anyText = ".+"

// split divides matchers into terms for the index and the matchers that must be asked again for every series found.
// Terms together never exclude a series that all matchers accept.
func split(ms []*labels.Matcher) (terms []term, rest []*labels.Matcher) {
	for _, m := range ms {
		t, exact := indexTerm(m)
		if t != nil {
			terms = append(terms, *t)
		}
		if !exact {
			rest = append(rest, m)
		}
	}
	return terms, rest
}

// indexTerm returns the strictest term that accepts all that m accepts, nil when there is none, and whether it is m's equal.
func indexTerm(m *labels.Matcher) (t *term, exact bool) {
	switch m.Type {
	case labels.MatchEqual:
		return &term{label: m.Name, value: m.Value}, true
	case labels.MatchNotEqual:
		return &term{label: m.Name, value: m.Value, negative: true}, true
	}
	negative := m.Type == labels.MatchNotRegexp
	if m.Value == ".*" && !negative {
		return nil, true
	}
	if set := m.SetMatches(); len(set) > 0 && !slices.Contains(set, "") {
		return &term{label: m.Name, value: alternatives(set), negative: negative, regexp: true}, true
	}
	if m.Matches("") {
		return nil, false
	}
	if prefix := m.Prefix(); prefix != "" && !negative {
		return &term{label: m.Name, value: regexp.QuoteMeta(prefix) + ".*", regexp: true}, false
	}
	return &term{label: m.Name, value: anyText, regexp: true}, m.Value == anyText && !negative
}

func alternatives(set []string) string {
	quoted := make([]string, len(set))
	for i, s := range set {
		quoted[i] = regexp.QuoteMeta(s)
	}
	return strings.Join(quoted, "|")
}

// matchAll reports whether every matcher accepts the series.
func matchAll(ms []*labels.Matcher, ls labels.Labels) bool {
	for _, m := range ms {
		if !m.Matches(ls.Get(m.Name)) {
			return false
		}
	}
	return true
}
