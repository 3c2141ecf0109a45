// Package words makes sentences for people that can be said in another language: the English, with a code and parameters
// beside it. The code is made of the English, so a sentence that is worded anew asks for a new translation. A test of
// panel finds every sentence in the sources and holds the texts of the web UI to them.
package words

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Sentence is a sentence. One without a code is somebody else's, as what a program said, and is shown as it is.
type Sentence struct {
	English string  `json:"text"`
	Code    string  `json:"code,omitempty"`
	Params  []Param `json:"params,omitempty"`
}

// Param is what stands in place of one verb of the format: plain text, or a sentence in a sentence.
type Param struct {
	Plain    string
	Sentence *Sentence
}

var verb = regexp.MustCompile(`%[-+# 0]*\d*(?:\.\d+)?[a-zA-Z%]`)

// Say makes a sentence of a format as fmt.Sprintf knows it, without indexes and stars.
func Say(format string, args ...any) Sentence {
	t := Sentence{English: fmt.Sprintf(format, args...), Code: Code(format)}
	if t.Code == "" { // nothing of ours in it
		return t
	}
	for _, v := range verb.FindAllString(format, -1) {
		if v == "%%" || len(t.Params) == len(args) {
			continue
		}
		switch arg := args[len(t.Params)].(type) {
		case Sentence:
			t.Params = append(t.Params, Param{Sentence: &arg})
		default:
			t.Params = append(t.Params, Param{Plain: fmt.Sprintf(v, arg)})
		}
	}
	return t
}

// Plain is a sentence that is shown as it is.
func Plain(text string) Sentence { return Sentence{English: text} }

// From is a text that came with its words from another machine: they count only if they fit it.
func From(text string, t *Sentence) Sentence {
	if t != nil && t.English == text && t.Sane() {
		return *t
	}
	return Plain(text)
}

// Translatable is what is told or kept of a sentence beside its English: nil if there is no more to it.
func (t Sentence) Translatable() *Sentence {
	if t.Code == "" {
		return nil
	}
	return &t
}

// String implements fmt.Stringer.
func (t Sentence) String() string { return t.English }

const wordsInCode = 9

// Code is the code of a format: its first words.
func Code(format string) string {
	list := strings.FieldsFunc(strings.ToLower(verb.ReplaceAllString(format, " ")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\''
	})
	code := strings.Join(list[:min(len(list), wordsInCode)], "_")
	return strings.ReplaceAll(code, "'", "")
}

// Template is the format as translations have it, with {{0}} in place of the first verb.
func Template(format string) string {
	n := -1
	return verb.ReplaceAllStringFunc(format, func(v string) string {
		if v == "%%" {
			return "%"
		}
		n++
		return "{{" + strconv.Itoa(n) + "}}"
	})
}

// MarshalJSON writes plain text as a string and a sentence as an object.
func (p Param) MarshalJSON() ([]byte, error) {
	if p.Sentence != nil {
		return json.Marshal(p.Sentence)
	}
	return json.Marshal(p.Plain)
}

// UnmarshalJSON reads what MarshalJSON has written.
func (p *Param) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte("{")) {
		return json.Unmarshal(b, &p.Sentence)
	}
	return json.Unmarshal(b, &p.Plain)
}

// Bounds of a sentence from elsewhere.
const (
	maxParams = 10
	maxPlain  = 2000 // bytes
	maxCode   = 200
	maxDepth  = 3
)

// Sane reports whether a sentence that came from another machine can be kept and shown.
func (t Sentence) Sane() bool { return t.sane(maxDepth) }

func (t Sentence) sane(depth int) bool {
	if depth == 0 || len(t.Params) > maxParams || len(t.Code) > maxCode || !showable(t.Code) || !showable(t.English) {
		return false
	}
	for _, p := range t.Params {
		if !showable(p.Plain) || p.Sentence != nil && !p.Sentence.sane(depth-1) {
			return false
		}
	}
	return true
}

// showable reports whether text is short and does nothing to a terminal or a log.
func showable(text string) bool {
	return len(text) <= maxPlain && strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }) < 0
}
