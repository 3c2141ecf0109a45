package tsdb

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"unique"

	"github.com/prometheus/common/model"

	"monitoring/storage"
)

// A pageLine is a line of an exposition page as remembered from one scrape to the next.
type pageLine struct {
	text unique.Handle[lineText] // shared with all targets that send the same line
	id   uint64                  // hash of the series' labels; 0 for a comment
	live bool                    // the last page gave a value that was stored: a staleness marker is due when it ends
	dup  bool                    // the series stands on the page already, this line is dropped
}

type lineText struct {
	prefix string // all before the value; the whole line for a comment
	name   string // the series' page labels in the engine's form; empty for a comment
}

// metric is the name that a line of a sample begins with.
func (l pageLine) metric() string {
	prefix := strings.TrimLeft(l.text.Value().prefix, " \t")
	if i := strings.IndexAny(prefix, "{ \t"); i >= 0 {
		return prefix[:i]
	}
	return prefix
}

// match reads b, which begins at a line start, when it is this line with any value. n includes the line feed.
func (t lineText) match(b []byte) (v float64, n int, ok bool) {
	if len(b) <= len(t.prefix) || string(b[:len(t.prefix)]) != t.prefix {
		return 0, 0, false
	}
	b = b[len(t.prefix):]
	if t.name != "" {
		v, n, ok = scanValue(b)
		return v, len(t.prefix) + n, ok
	}
	if b[0] == '\r' {
		b, n = b[1:], 1
	}
	return 0, len(t.prefix) + n + 1, len(b) > 0 && b[0] == '\n'
}

// lineParser turns lines that are not remembered into remembered ones.
type lineParser struct {
	options ExpositionOptions // its limits are set
	text    textParser
	seed    maphash.Seed
	labels  []storage.Label // of the page, reused
	name    []byte          // reused
}

// parse reads one sample line, without its line feed.
func (p *lineParser) parse(line []byte) (pageLine, float64, error) {
	start := valueStart(line)
	if start < 0 {
		return pageLine{}, 0, &PageError{Err: ErrPageSyntax, Detail: "no value in " + excerpt(line)}
	}
	number := line[start:]
	if i := bytes.IndexAny(number, " \t#"); i >= 0 {
		number = number[:i]
	}
	v, ok := parseNumber(number)
	if !ok {
		return pageLine{}, 0, &PageError{Err: ErrPageSyntax, Detail: "bad value in " + excerpt(line)}
	}
	metric, tags, err := p.text.parse(line)
	if err != nil {
		return pageLine{}, 0, &PageError{Err: ErrPageSyntax, Detail: err.Error()}
	}
	if err := p.setLabels(metric, tags); err != nil {
		return pageLine{}, 0, err
	}
	p.name, _ = appendSeriesName(p.name[:0], p.labels, nil)
	return pageLine{
		text: unique.Make(lineText{prefix: string(line[:start]), name: string(p.name)}),
		id:   p.hash(),
	}, v, nil
}

// setLabels makes p.labels from a sample of the page: the name, labels renamed when they clash with the target's, empty ones left out.
func (p *lineParser) setLabels(metric string, tags []storage.Label) error {
	if !model.LegacyValidation.IsValidMetricName(metric) {
		return &PageError{Err: ErrPageSyntax, Detail: fmt.Sprintf("bad metric name %.80q", metric)}
	}
	if slices.ContainsFunc(p.options.Reserved, func(prefix string) bool { return strings.HasPrefix(metric, prefix) }) {
		metric = model.ExportedLabelPrefix + metric
	}
	p.labels = append(p.labels[:0], storage.Label{Name: nameLabel, Value: metric})
	for _, t := range tags {
		if !model.LegacyValidation.IsValidLabelName(t.Name) || t.Name == nameLabel {
			return &PageError{Err: ErrPageSyntax, Detail: fmt.Sprintf("bad label name %.80q of %s", t.Name, metric)}
		}
		if t.Value == "" || t.Name == aggregateLabel {
			continue
		}
		if hasLabel(p.options.Labels, t.Name) {
			t.Name = p.exportedName(t.Name, tags)
		}
		p.labels = append(p.labels, t)
	}
	o := &p.options
	if n := len(p.labels) + len(o.Labels); n > o.LabelLimit {
		return &PageError{Err: ErrLabelLimit, Detail: fmt.Sprintf("%s has %d labels, at most %d are allowed", metric, n, o.LabelLimit)}
	}
	for _, l := range p.labels {
		if len(l.Name) > o.LabelNameLimit || len(l.Value) > o.LabelValueLimit {
			return &PageError{Err: ErrLabelLimit, Detail: fmt.Sprintf("label %.80q of %.80s: the name may have %d bytes, the value %d", l.Name, metric, o.LabelNameLimit, o.LabelValueLimit)}
		}
	}
	if reason := checkLabels(p.labels); reason != "" {
		return &PageError{Err: ErrPageSyntax, Detail: fmt.Sprintf("%.80s: %s", metric, reason)}
	}
	return nil
}

// exportedName renames a page label that clashes with a target label to a name that nobody has.
func (p *lineParser) exportedName(name string, tags []storage.Label) string {
	for {
		name = model.ExportedLabelPrefix + name
		if !hasLabel(tags, name) && !hasLabel(p.labels, name) && !hasLabel(p.options.Labels, name) {
			return name
		}
	}
}

func hasLabel(ls []storage.Label, name string) bool {
	return slices.ContainsFunc(ls, func(l storage.Label) bool { return l.Name == name })
}

// hash tells series of one target apart, whatever the order of labels on the page; target labels are the same for all.
func (p *lineParser) hash() uint64 {
	slices.SortFunc(p.labels, func(a, b storage.Label) int { return strings.Compare(a.Name, b.Name) })
	var h maphash.Hash
	h.SetSeed(p.seed)
	for _, l := range p.labels {
		h.WriteString(l.Name)
		h.WriteByte(0xff) // in no valid UTF-8
		h.WriteString(l.Value)
		h.WriteByte(0xff)
	}
	return h.Sum64() | 1 // 0 marks a comment
}

// valueStart returns where the value of a sample line begins, -1 when the line has none.
func valueStart(line []byte) int {
	i := 0
	if brace := bytes.IndexByte(line, '{'); brace >= 0 {
		end := labelsEnd(line[brace:])
		if end < 0 {
			return -1
		}
		i = brace + end
	} else {
		for i < len(line) && isBlank(line[i]) {
			i++
		}
		for i < len(line) && !isBlank(line[i]) {
			i++
		}
	}
	for i < len(line) && isBlank(line[i]) {
		i++
	}
	if i == len(line) {
		return -1
	}
	return i
}

// labelsEnd returns the length of a label list from { to }, braces included, -1 when it does not end.
func labelsEnd(b []byte) int {
	quoted := false
	for i := 1; i < len(b); i++ {
		switch {
		case quoted && b[i] == '\\':
			i++
		case b[i] == '"':
			quoted = !quoted
		case b[i] == '}' && !quoted:
			return i + 1
		}
	}
	return -1
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func excerpt(line []byte) string { return fmt.Sprintf("%.60q", line) }
