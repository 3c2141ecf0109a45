// Package haproxy speaks HAProxy's languages: its configuration file, in which our rules stand between two markers, and
// its runtime socket. It starts, stops and reloads nothing; agent/control does.
//
// A file that somebody wrote is never damaged: what Parse has read, Bytes gives back byte for byte, and a change of one
// rule touches that rule's own bytes only. Where the markers leave any doubt, nothing is changed at all.
package haproxy

import (
	"bytes"
	"slices"
	"strings"

	"monitoring/agent/api"
	"monitoring/words"
)

// The lines between which our rules stand.
const (
	StartMarker = "# === RULES START ==="
	EndMarker   = "# === RULES END ==="
)

// MarkerError says why a file is not touched.
type MarkerError struct{ Reason words.Sentence }

func (e *MarkerError) Error() string { return e.Words().English }

// Words are the whole sentence, with what to do about it.
func (e *MarkerError) Words() words.Sentence {
	return words.Say("%s; put each of %s and %s on one line of its own, once, in this order", e.Reason, StartMarker, EndMarker)
}

// File is a configuration file in pieces. Joined, they are the file.
type File struct {
	before []byte // up to the end of the start marker's line
	region []block
	after  []byte // from the end marker's line on
	eol    string
	marked bool // the file has its markers
}

// block is a piece of the region between the markers: a section with its lines, or what stands between sections.
type block struct {
	text          []byte
	keyword, name string // of a section, "" of anything else
}

// sections are the keywords that begin a section of HAProxy's configuration.
var sections = []string{"global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "userlist", "mailers",
	"cache", "program", "ring", "http-errors", "log-forward", "log-profile", "fcgi-app", "crt-store", "traces", "acme", "namespace_list"}

// Parse cuts a file into pieces. It fails if the markers leave a doubt; a file that has none is good and has no rules.
func Parse(content []byte) (*File, error) {
	f := &File{eol: lineEnd(content)}
	start, end, err := markers(content)
	if err != nil {
		return nil, err
	}
	if start.to == 0 {
		f.before = content
		return f, nil
	}
	f.marked = true
	f.before, f.after = content[:start.to], content[end.from:]
	f.region = cut(content[start.to:end.from])
	return f, nil
}

// span is a line with its end.
type span struct{ from, to int }

func markers(content []byte) (start, end span, err error) {
	at, line := 0, 0
	for text := range bytes.Lines(content) {
		line++
		here := span{at, at + len(text)}
		at = here.to
		switch trimmed := strings.TrimSpace(string(text)); {
		case trimmed == StartMarker:
			if start.to != 0 {
				return start, end, &MarkerError{words.Say("line %d: the start marker stands there for the second time", line)}
			}
			if !strings.HasSuffix(string(text), "\n") {
				return start, end, &MarkerError{words.Say("line %d: the file ends with the start marker", line)}
			}
			start = here
		case trimmed == EndMarker:
			if start.to == 0 || end.to != 0 {
				return start, end, &MarkerError{words.Say("line %d: the end marker stands there without a start before it", line)}
			}
			end = here
		case strings.Contains(trimmed, StartMarker), strings.Contains(trimmed, EndMarker):
			return start, end, &MarkerError{words.Say("line %d: a marker stands there with something beside it", line)}
		}
	}
	if start.to != 0 && end.to == 0 {
		return start, end, &MarkerError{words.Say("the end marker is missing")}
	}
	return start, end, nil
}

// cut cuts the region at sections. Blank lines and comments at the end of a section belong to what follows it: they are
// blocks of their own, except for one blank line, which is how our rules end.
func cut(region []byte) []block {
	var out []block
	from := 0
	flush := func(to int) {
		if from == to {
			return
		}
		text := region[from:to]
		from = to
		body := sectionBody(text)
		keyword, name := header(text)
		if keyword == "" || body == len(text) {
			out = append(out, block{text, keyword, name})
			return
		}
		out = append(out, block{text[:body], keyword, name}, block{text: text[body:]})
	}
	at := 0
	for line := range bytes.Lines(region) {
		if keyword, _ := header(line); keyword != "" {
			flush(at)
		}
		at += len(line)
	}
	flush(at)
	return out
}

// header reads the first line of a section.
func header(text []byte) (keyword, name string) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	words := strings.Fields(string(line))
	if len(words) == 0 || !slices.Contains(sections, words[0]) {
		return "", ""
	}
	if len(words) > 1 {
		name = words[1]
	}
	return words[0], name
}

// sectionBody is where a section ends: after its last line that says something and one blank line.
func sectionBody(text []byte) int {
	end, at, blank := 0, 0, false
	for line := range bytes.Lines(text) {
		trimmed := bytes.TrimSpace(line)
		at += len(line)
		switch {
		case len(trimmed) > 0 && trimmed[0] != '#':
			end, blank = at, false
		case len(trimmed) == 0 && !blank && end == at-len(line):
			end, blank = at, true
		}
	}
	return end
}

// Bytes joins the pieces.
func (f *File) Bytes() []byte {
	size := len(f.before) + len(f.after)
	for _, b := range f.region {
		size += len(b.text)
	}
	out := make([]byte, 0, size)
	out = append(out, f.before...)
	for _, b := range f.region {
		out = append(out, b.text...)
	}
	return append(out, f.after...)
}

// mark gives a file without markers its own, at its end.
func (f *File) mark() {
	if f.marked {
		return
	}
	head := ""
	switch {
	case len(f.before) == 0:
	case !bytes.HasSuffix(f.before, []byte("\n")):
		head = f.eol + f.eol
	default:
		head = f.eol
	}
	f.before = append(slices.Clip(f.before), head+StartMarker+f.eol...)
	f.after = []byte(EndMarker + f.eol)
	f.marked = true
}

// lineEnd is how the lines of a file end.
func lineEnd(content []byte) string {
	if i := bytes.IndexByte(content, '\n'); i > 0 && content[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// Foreign counts the frontends and listeners that are not ours.
func (f *File) Foreign() int {
	n := 0
	for _, text := range [][]byte{f.before, f.after} {
		for line := range bytes.Lines(text) {
			if keyword, _ := header(line); keyword == "frontend" || keyword == "listen" {
				n++
			}
		}
	}
	for _, b := range f.region {
		if b.keyword == "frontend" || b.keyword == "listen" {
			n++
		}
	}
	return n - len(f.Rules())
}

// Rules lists our rules in the order of the file.
func (f *File) Rules() []api.HAProxyRule {
	var out []api.HAProxyRule
	for _, p := range f.pairs() {
		out = append(out, p.rule)
	}
	return out
}

// Rebase returns the file with another base: what stands between the markers stays, everything else is gone.
func (f *File) Rebase(base string) []byte {
	fresh := &File{before: []byte(base), region: f.region, eol: f.eol}
	fresh.mark()
	return fresh.Bytes()
}
