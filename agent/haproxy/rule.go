package haproxy

import (
	"bytes"
	"fmt"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"

	"monitoring/agent/api"
)

// pair is a rule and the two sections that it consists of.
type pair struct {
	rule              api.HAProxyRule
	frontend, backend int // in the region
}

// pairs finds the rules: a frontend and a backend with our names and one address each.
func (f *File) pairs() []pair {
	backends := map[string]int{}
	seen := map[string]int{}
	for i, b := range f.region {
		if b.keyword != "" {
			seen[b.keyword+" "+b.name]++
		}
		if b.keyword == "backend" {
			backends[b.name] = i
		}
	}
	var out []pair
	for i, b := range f.region {
		kind, name, ok := strings.Cut(b.name, "_")
		if b.keyword != "frontend" || !ok || kind != api.RuleTCP && kind != api.RuleHTTPS || seen["frontend "+b.name] > 1 {
			continue
		}
		back := "backend_" + b.name
		j, ok := backends[back]
		if !ok || seen["backend "+back] > 1 {
			continue
		}
		rule := api.HAProxyRule{Name: name, RuleType: kind}
		if readFrontend(b.text, back, &rule) && readBackend(f.region[j].text, &rule) && rule.Check() == nil {
			front, backText := render(rule, certificatePath(b.text), lineEnd(b.text)) // of its own: a file can have both
			rule.ByHand = front != string(b.text) || backText != string(f.region[j].text)
			out = append(out, pair{rule, i, j})
		}
	}
	return out
}

// lines yields the words of each line that says something.
func lines(text []byte) func(func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range bytes.Lines(text) {
			words := strings.Fields(string(line))
			for i, w := range words {
				if strings.HasPrefix(w, "#") {
					words = words[:i]
					break
				}
			}
			if len(words) > 0 && !yield(words) {
				return
			}
		}
	}
}

func readFrontend(text []byte, backend string, rule *api.HAProxyRule) bool {
	binds, leads := 0, false
	for words := range lines(text) {
		switch words[0] {
		case "bind":
			binds++
			if len(words) < 2 {
				return false
			}
			host, port, ok := cutPort(words[1])
			if !ok || host != "*" {
				return false
			}
			rule.ListenPort = port
			if i := slices.Index(words, "crt"); i >= 0 && i+1 < len(words) {
				rule.CertDomain = path.Base(path.Dir(words[i+1]))
			}
		case "default_backend":
			leads = len(words) == 2 && words[1] == backend
		}
	}
	return binds == 1 && leads
}

func readBackend(text []byte, rule *api.HAProxyRule) bool {
	servers := 0
	for words := range lines(text) {
		if words[0] != "server" {
			continue
		}
		servers++
		if len(words) < 3 || words[1] != "srv1" {
			return false
		}
		host, port, ok := cutPort(words[2])
		if !ok {
			return false
		}
		rule.TargetIP, rule.TargetPort = strings.Trim(host, "[]"), port
		rule.TargetSSL, rule.SendProxy = slices.Contains(words, "ssl"), slices.Contains(words, "send-proxy")
	}
	return servers == 1
}

// cutPort cuts host:port; an IPv6 address may stand in brackets.
func cutPort(address string) (host string, port int, ok bool) {
	i := strings.LastIndexByte(address, ':')
	if i < 0 {
		return "", 0, false
	}
	port, err := strconv.Atoi(address[i+1:])
	return address[:i], port, err == nil && port >= 1 && port <= 65535 && strconv.Itoa(port) == address[i+1:]
}

func certificatePath(frontend []byte) string {
	for words := range lines(frontend) {
		if i := slices.Index(words, "crt"); words[0] == "bind" && i >= 0 && i+1 < len(words) {
			return words[i+1]
		}
	}
	return ""
}

// render writes the two sections of a rule. certificate is the file of an https rule.
func render(r api.HAProxyRule, certificate, eol string) (frontend, backend string) {
	id := r.RuleType + "_" + r.Name
	target := r.TargetIP
	if ip := net.ParseIP(target); ip != nil && strings.Contains(target, ":") {
		target = "[" + target + "]"
	}
	front := []string{"frontend " + id}
	back := []string{"backend backend_" + id}
	bind := fmt.Sprintf("    bind *:%d", r.ListenPort)
	server := fmt.Sprintf("    server srv1 %s:%d", target, r.TargetPort)
	if r.RuleType == api.RuleHTTPS {
		front = append(front, "    mode http", bind+" ssl crt "+certificate)
		back = append(back, "    mode http",
			"    http-request set-header Host "+target,
			"    http-request set-header X-Forwarded-Proto https",
			"    http-request set-header X-Forwarded-For %[src]")
	} else {
		front = append(front, "    mode tcp", bind)
		back = append(back, "    mode tcp", "    option tcp-check")
	}
	if r.TargetSSL {
		server += " ssl verify none sni str(" + r.TargetIP + ")"
	}
	if r.SendProxy {
		server += " send-proxy"
	}
	front = append(front, "    default_backend backend_"+id, "", "")
	back = append(back, server+" check inter 5s fall 3 rise 2", "", "")
	return strings.Join(front, eol), strings.Join(back, eol)
}
