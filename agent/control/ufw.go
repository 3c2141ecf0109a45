package control

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"monitoring/agent/api"
)

// The text of UFW 0.36. `status numbered` is for people and has what they see: numbers, profiles by name. The rules
// files below /etc/ufw have what counts, one "### tuple ###" line each; see tuple.go.

// parseStatus reads `ufw status verbose`.
func parseStatus(text string) api.FirewallStatus {
	s := api.FirewallStatus{Installed: true}
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			continue
		}
		switch key {
		case "Status":
			s.Active = value == "active"
		case "Logging":
			s.Logging = value
		case "Default": // deny (incoming), allow (outgoing), disabled (routed)
			for part := range strings.SplitSeq(value, ", ") {
				policy, direction, _ := strings.Cut(part, " ")
				switch direction {
				case "(incoming)":
					s.DefaultIncoming = policy
				case "(outgoing)":
					s.DefaultOutgoing = policy
				}
			}
		}
	}
	return s
}

var (
	numberedLine = regexp.MustCompile(`\A\[ *([0-9]{1,9})\] (.*)\z`)
	actionColumn = regexp.MustCompile(` (ALLOW|DENY|REJECT|LIMIT)(?: (IN|OUT|FWD))? {2,}`)
	attributes   = regexp.MustCompile(` {2,}\((?:log|log-all|out|, )+\)\z`)
	portList     = regexp.MustCompile(`\A[0-9]{1,5}([:,][0-9]{1,5})*\z`)
)

// parseNumbered reads `ufw status numbered`. A line it cannot read is left out; every rule of UFW is read.
func parseNumbered(text string) []api.FirewallRule {
	rules := []api.FirewallRule{}
	for line := range strings.Lines(text) {
		m := numberedLine.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if m == nil {
			continue
		}
		number, err := strconv.Atoi(m[1])
		if err != nil || number < 1 {
			continue
		}
		if rule, ok := parseRuleLine(m[2]); ok {
			rule.Number = number
			rules = append(rules, rule)
		}
	}
	return rules
}

// parseRuleLine reads `22/tcp    ALLOW IN    Anywhere    (log) # comment`.
func parseRuleLine(line string) (r api.FirewallRule, ok bool) {
	at := actionColumn.FindStringSubmatchIndex(line + "  ")
	if at == nil {
		return r, false
	}
	rest := ""
	if at[1] < len(line) {
		rest = line[at[1]:]
	}
	r.To, r.Action, r.Direction = strings.TrimSpace(line[:at[0]]), line[at[2]:at[3]], "IN"
	if at[4] >= 0 {
		r.Direction = line[at[4]:at[5]]
	}
	rest, comment, _ := strings.Cut(rest, " # ")
	r.Comment = strings.TrimSpace(comment)
	rest = strings.TrimRight(rest, " ")
	if m := attributes.FindString(rest); m != "" {
		rest = strings.TrimSuffix(rest, m)
		r.ReadOnly = strings.Contains(m, "log")
	}
	r.From = strings.TrimSpace(rest)
	if r.To == "" || r.From == "" {
		return r, false
	}
	to, from := parsePlace(r.To), parsePlace(r.From)
	r.IPv6 = to.ipv6 || from.ipv6
	r.Ports, r.Protocol, r.FromIP = to.ports, to.protocol, from.address
	r.Port, _ = strconv.Atoi(r.Ports) // 0 for a list or a range
	if r.FromIP == "" {
		r.FromIP = from.profile
	}
	if r.Direction == "OUT" && from.protocol != "any" && to.protocol == "any" {
		r.Protocol = from.protocol
	}
	plain := to.address == anywhere && to.iface+from.iface+to.profile+from.profile+from.ports == "" &&
		(r.Protocol == "tcp" || r.Protocol == "udp" || r.Protocol == "any") && r.Ports != ""
	r.ReadOnly = r.ReadOnly || !plain || r.Direction == "FWD"
	return r, true
}

const anywhere = "Anywhere"

// place is one side of a rule as UFW prints it.
type place struct {
	address, ports, protocol, profile, iface string
	ipv6                                     bool
}

// parsePlace reads "22/tcp (v6) on eth0", "10.0.0.1 80/tcp", "Anywhere/esp", "Nginx Full".
func parsePlace(text string) place {
	p := place{address: anywhere, protocol: "any"}
	if before, iface, ok := cutLast(text, " on "); ok && !strings.Contains(iface, " ") && iface != "" {
		text, p.iface = before, iface
	}
	text, p.ipv6 = strings.CutSuffix(text, " (v6)")
	head, tail, two := strings.Cut(text, " ")
	if address, isAddress := parseNetwork(head); isAddress {
		p.address, p.ipv6 = head, p.ipv6 || address.Addr().Is6()
		if !two {
			return p
		}
		text = tail
	}
	name, protocol, hasProtocol := strings.Cut(text, "/")
	if hasProtocol && protocol != "" {
		p.protocol = protocol
	}
	switch {
	case name == anywhere:
	case portList.MatchString(name):
		p.ports = name
	default:
		p.profile, p.protocol = text, "any"
		if p.address == anywhere {
			p.address = ""
		}
	}
	return p
}

func cutLast(text, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(sep):], true
}

// parseNetwork reads an address or a network.
func parseNetwork(text string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}
