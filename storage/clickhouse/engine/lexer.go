package main

import "strings"

// token is one piece of a statement.
type token struct {
	kind       tokenKind
	text       string // of a word: lower case; of a quoted name: what is between the quotes
	start, end int
}

type tokenKind int

const (
	word tokenKind = iota
	quotedName
	literal
	symbol
)

// outline is what has to be known of a statement before it runs, taken from its tokens. What a statement may do is
// decided by ClickHouse's parser and its grants; the outline finds the rows that follow an INSERT, and the few names that
// grants do not cover.
type outline struct {
	insert   bool   // the first word is INSERT
	query    bool   // the first word is SELECT or WITH
	selects  bool   // an INSERT takes its rows from a query
	format   string // after FORMAT, as written
	formatAt int    // where the word FORMAT stands; -1 without
	values   int    // where the rows after VALUES begin; -1 without
	end      int    // where the rows after FORMAT begin
	refused  string // why nobody may run this
	reads    string // the name of a function that reads files past the grants
	unlimits bool   // a setting is set to DEFAULT, which no constraint keeps from being unlimited
}

// fileReaders are functions (no table functions: those need grants) that read files or run programs.
var fileReaders = map[string]bool{"file": true, "catboostevaluate": true, "executable": true}

func outlineOf(sql string) outline {
	o := outline{formatAt: -1, values: -1, end: len(sql)}
	depth, previous, first := 0, token{}, true
	for at := 0; ; {
		t, ok := nextToken(sql, at)
		if !ok {
			return o
		}
		at = t.end
		if first {
			o.insert, o.query = t.kind == word && t.text == "insert", t.kind == word && (t.text == "select" || t.text == "with")
			first = false
		}
		o.note(t, previous)
		switch {
		case t.text == "(" && t.kind == symbol:
			depth++
		case t.text == ")" && t.kind == symbol:
			depth--
		case depth == 0 && t.kind == word && previous.kind == word && previous.text == "format":
			o.format, o.formatAt = sql[t.start:t.end], previous.start
			o.end = afterBreak(sql, t.end)
			if o.insert && !o.selects {
				return o // rows follow, and they are no SQL
			}
		case depth == 0 && o.insert && t.kind == word && (t.text == "select" || t.text == "with"):
			o.selects = true
		case depth == 0 && o.insert && t.kind == word && t.text == "values" && !o.selects:
			o.values = t.end
			return o
		}
		previous = t
	}
}

// note looks for what is refused whatever else the statement says.
func (o *outline) note(t, previous token) {
	name := ""
	switch t.kind {
	case word:
		name = t.text
		if previous.kind == word && (previous.text == "into" && name == "outfile" || previous.text == "from" && name == "infile") {
			o.refused = strings.ToUpper(previous.text + " " + name)
		}
		o.unlimits = o.unlimits || name == "default" && previous.kind == symbol && previous.text == "="
	case quotedName:
		name = strings.ToLower(t.text)
		if strings.Contains(name, `\`) { // an escape may spell anything
			o.reads = t.text
		}
	}
	if fileReaders[name] {
		o.reads = name
	}
}

// afterBreak skips the white space up to and with the line break that ends a FORMAT clause.
func afterBreak(sql string, at int) int {
	for ; at < len(sql); at++ {
		switch sql[at] {
		case '\n':
			return at + 1
		case ' ', '\t', '\r':
		default:
			return at
		}
	}
	return at
}

// nextToken returns the token at or after a position, past white space and comments.
func nextToken(sql string, at int) (token, bool) {
	at = skipSpace(sql, at)
	if at >= len(sql) {
		return token{}, false
	}
	c := sql[at]
	switch {
	case c == '\'':
		end := closing(sql, at)
		return token{literal, "", at, end}, true
	case c == '"' || c == '`':
		end := closing(sql, at)
		inner := strings.TrimSuffix(sql[at+1:end], string(c))
		return token{quotedName, inner, at, end}, true
	case c == '$':
		if end := heredoc(sql, at); end > 0 {
			return token{literal, "", at, end}, true
		}
	case isWord(c):
		end := at
		for end < len(sql) && isWord(sql[end]) {
			end++
		}
		return token{word, strings.ToLower(sql[at:end]), at, end}, true
	}
	return token{symbol, sql[at : at+1], at, at + 1}, true
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// skipSpace passes white space and comments: -- and # to the end of the line, /* */ also inside each other.
func skipSpace(sql string, at int) int {
	for at < len(sql) {
		rest := sql[at:]
		switch {
		case strings.ContainsRune(" \t\r\n\f\v\x00", rune(rest[0])):
			at++
		case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "#!"), strings.HasPrefix(rest, "# "):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				return len(sql)
			}
			at += end + 1
		case strings.HasPrefix(rest, "/*"):
			at = afterComment(sql, at)
		default:
			return at
		}
	}
	return at
}

func afterComment(sql string, at int) int {
	depth := 0
	for ; at < len(sql); at++ {
		switch {
		case strings.HasPrefix(sql[at:], "/*"):
			depth++
			at++
		case strings.HasPrefix(sql[at:], "*/"):
			at++
			if depth--; depth == 0 {
				return at + 1
			}
		}
	}
	return at
}

// closing returns the position after the quote that ends the text which begins at at; a doubled or escaped one does not.
func closing(sql string, at int) int {
	quote := sql[at]
	for i := at + 1; i < len(sql); i++ {
		switch sql[i] {
		case '\\':
			i++
		case quote:
			if i+1 >= len(sql) || sql[i+1] != quote {
				return i + 1
			}
			i++
		}
	}
	return len(sql)
}

// heredoc returns the end of $tag$ ... $tag$, or 0 when none begins here.
func heredoc(sql string, at int) int {
	end := at + 1
	for end < len(sql) && isWord(sql[end]) {
		end++
	}
	if end >= len(sql) || sql[end] != '$' {
		return 0
	}
	tag := sql[at : end+1]
	if n := strings.Index(sql[end+1:], tag); n >= 0 {
		return end + 1 + n + len(tag)
	}
	return 0
}
