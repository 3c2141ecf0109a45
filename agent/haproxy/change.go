package haproxy

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"monitoring/agent/api"
)

// Errors of a change.
var (
	ErrNoRule = errors.New("there is no such rule")
	ErrExists = errors.New("there is a rule of this name already")
	ErrByHand = errors.New("the rule has been edited by hand: only its port and its target can be changed here, the rest in the configuration")
)

// PortError says that a port is taken.
type PortError struct {
	Port int
	By   string
}

func (e *PortError) Error() string { return fmt.Sprintf("port %d is taken by %s", e.Port, e.By) }

// Add appends a rule; certificate is the file of an https rule. The same rule once more is no error and no change.
func (f *File) Add(r api.HAProxyRule, certificate string) error {
	for _, p := range f.pairs() {
		if p.rule.Name == r.Name {
			r.ByHand = p.rule.ByHand
			if p.rule == r {
				return nil
			}
			return ErrExists
		}
	}
	if err := f.free(r.ListenPort, r.Name); err != nil {
		return err
	}
	f.mark()
	if n := len(f.region); n > 0 && !bytes.HasSuffix(f.region[n-1].text, []byte("\n")) {
		f.region = append(f.region, block{text: []byte(f.eol)})
	}
	front, back := render(r, certificate, f.eol)
	id := r.RuleType + "_" + r.Name
	f.region = append(f.region, block{[]byte(front), "frontend", id}, block{[]byte(back), "backend", "backend_" + id})
	return nil
}

// Remove deletes a rule.
func (f *File) Remove(name string) error {
	p, err := f.find(name)
	if err != nil {
		return err
	}
	first, second := min(p.frontend, p.backend), max(p.frontend, p.backend)
	f.region = slices.Delete(f.region, second, second+1)
	f.region = slices.Delete(f.region, first, first+1)
	return nil
}

// Change replaces a rule by r, which has its name, where it stands. Of a rule that was edited by hand only the port and
// the target are replaced, and everything else stays as it is.
func (f *File) Change(r api.HAProxyRule, certificate string) error {
	p, err := f.find(r.Name)
	if err != nil {
		return err
	}
	if r.ListenPort != p.rule.ListenPort {
		if err := f.free(r.ListenPort, r.Name); err != nil {
			return err
		}
	}
	front, back := &f.region[p.frontend], &f.region[p.backend]
	if p.rule.ByHand {
		rest := r
		rest.ListenPort, rest.TargetIP, rest.TargetPort, rest.ByHand = p.rule.ListenPort, p.rule.TargetIP, p.rule.TargetPort, true
		if rest != p.rule || r.RuleType == api.RuleHTTPS && r.TargetIP != p.rule.TargetIP {
			return ErrByHand
		}
		front.text = replaceWord(front.text, "bind", 1, fmt.Sprintf("*:%d", r.ListenPort))
		back.text = replaceWord(back.text, "server", 2, net.JoinHostPort(r.TargetIP, strconv.Itoa(r.TargetPort)))
		return nil
	}
	id := r.RuleType + "_" + r.Name
	frontText, backText := render(r, certificate, lineEnd(front.text))
	*front, *back = block{[]byte(frontText), "frontend", id}, block{[]byte(backText), "backend", "backend_" + id}
	return nil
}

// replaceWord replaces one word of the line that begins with a keyword and leaves all other bytes.
func replaceWord(text []byte, keyword string, n int, value string) []byte {
	var out []byte
	for line := range bytes.Lines(text) {
		if words := bytes.Fields(line); len(words) > n && string(words[0]) == keyword {
			at := 0
			for i := range n + 1 {
				at += bytes.Index(line[at:], words[i])
				if i < n {
					at += len(words[i])
				}
			}
			line = slices.Concat(line[:at], []byte(value), line[at+len(words[n]):])
		}
		out = append(out, line...)
	}
	return out
}

func (f *File) find(name string) (pair, error) {
	for _, p := range f.pairs() {
		if p.rule.Name == name {
			return p, nil
		}
	}
	return pair{}, ErrNoRule
}

// free looks whether another section binds a port of this machine: HAProxy would let both share it, and each would get
// some of the other's connections.
func (f *File) free(port int, except string) error {
	for _, p := range f.pairs() {
		if p.rule.ListenPort == port && p.rule.Name != except {
			return &PortError{port, "the rule " + p.rule.Name}
		}
	}
	for _, text := range [][]byte{f.before, f.after} {
		if section := Binds(text, port); section != "" {
			return &PortError{port, section}
		}
	}
	return nil
}

// Binds finds the section of a configuration that listens on a port, "" if none does.
func Binds(config []byte, port int) string {
	section := "a section"
	for words := range lines(config) {
		if slices.Contains(sections, words[0]) {
			section = strings.Join(words[:min(2, len(words))], " ")
		}
		if words[0] != "bind" || len(words) < 2 {
			continue
		}
		for address := range strings.SplitSeq(words[1], ",") {
			if _, p, ok := cutPort(address); ok && p == port {
				return section
			}
		}
	}
	return ""
}
