package notify

import (
	"fmt"
	"html"
	"strings"
	"unicode"
	"unicode/utf16"
)

// maxText is what one Telegram message may hold, in UTF-16 units after the HTML is resolved; a part of it is kept for
// the line that says what was left out.
const maxText = 4096 - 64

// Severity of a message; it picks the circle.
type Severity string

// The severities and their circles.
const (
	Critical Severity = "critical" // red
	Warning  Severity = "warning"  // yellow
	Notice   Severity = "notice"   // orange
	Info     Severity = "info"     // green
)

var circles = map[Severity]string{Critical: "🔴", Warning: "🟡", Notice: "🟠", Info: "🟢"}

// Text is a message for a person, in plain text: a bold title and lines below it.
type Text struct {
	Severity Severity
	Title    string
	Lines    []string
}

// html renders the message in Telegram's HTML. Lines that would not fit are counted instead.
func (t Text) html(language string) string {
	var b strings.Builder
	title, _ := cut(t.Title, 256)
	fmt.Fprintf(&b, "%s <b>%s</b>", circles[t.Severity], html.EscapeString(title))
	left := maxText - units(title) - 3
	for i, line := range t.Lines {
		line, short := cut(line, 1024)
		if left -= units(line) + 1; left < 0 {
			b.WriteString("\n" + more(language, len(t.Lines)-i))
			break
		}
		b.WriteString("\n" + html.EscapeString(line))
		if short {
			b.WriteString("…")
			left--
		}
	}
	return b.String()
}

func more(language string, n int) string {
	if language == "ru" {
		return fmt.Sprintf("… и ещё %d", n)
	}
	return fmt.Sprintf("… and %d more", n)
}

// oneLine makes a text valid UTF-8 without line ends and marks that turn the direction of writing. Names of disks and
// such come from machines of strangers: a line of theirs must not look like one of ours about another server.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

func units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// cut shortens a text to at most n UTF-16 units of whole characters, of one line.
func cut(s string, n int) (text string, short bool) {
	s = oneLine(s)
	for i, r := range s {
		if n -= utf16.RuneLen(r); n < 0 {
			return s[:i], true
		}
	}
	return s, false
}
