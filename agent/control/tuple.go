package control

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// tuple is one rule of /etc/ufw/user.rules or user6.rules: what UFW turns into iptables rules, in this order.
type tuple struct {
	action    string // allow, deny, reject, limit
	protocol  string // tcp, udp, any, esp ...
	dport     string // "any" or a list such as "80,6000:6007"
	sport     string
	dst, src  netip.Prefix
	direction string // in, out
	iface     string // "" is all
	route     bool   // forwarded traffic, none of this machine's own
}

// ruleSet is the rules of both families.
type ruleSet struct{ v4, v6 []tuple }

// parseTuples reads rules files, or what `ufw --dry-run` prints of them. A family whose file is not in text is nil, one
// whose file has no rules is empty.
func parseTuples(text string) ruleSet {
	var s ruleSet
	current := &s.v4
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, ":ufw-user-input "):
			current = &s.v4
			s.v4 = []tuple{}
		case strings.HasPrefix(line, ":ufw6-user-input "):
			current = &s.v6
			s.v6 = []tuple{}
		}
		if rest, ok := strings.CutPrefix(line, "### tuple ### "); ok {
			if t, ok := parseTuple(rest); ok {
				*current = append(*current, t)
			}
		}
	}
	return s
}

// parseTuple reads "allow tcp 22 0.0.0.0/0 any 10.0.0.0/8 in_eth0 comment=..."; two names of application profiles may
// stand before the direction, whose ports are written out in any case.
func parseTuple(text string) (t tuple, ok bool) {
	fields := strings.Fields(text)
	fields = slices.DeleteFunc(fields, func(f string) bool { return strings.HasPrefix(f, "comment=") })
	if len(fields) != 6 && len(fields) != 7 && len(fields) != 9 {
		return t, false
	}
	action, route := strings.CutPrefix(fields[0], "route:")
	action, _, _ = strings.Cut(action, "_") // _log, _log-all
	t = tuple{action: action, route: route, protocol: fields[1], dport: fields[2], sport: fields[4], direction: "in"}
	var okDst, okSrc bool
	t.dst, okDst = parseNetwork(fields[3])
	t.src, okSrc = parseNetwork(fields[5])
	if len(fields) > 6 {
		t.direction, t.iface, _ = strings.Cut(fields[len(fields)-1], "_")
	}
	return t, okDst && okSrc
}

// packet is the first one of a connection to this machine.
type packet struct {
	from  netip.Addr
	to    netip.Addr
	port  uint16
	iface string // "" if it is not known: a rule for one interface only does not match then
}

// accepts reports what rules decide on a TCP packet; the first that matches does.
func accepts(rules []tuple, byDefault bool, p packet) bool {
	for _, t := range rules {
		if t.concerns(p.port) && t.src.Contains(p.from) && t.dst.Contains(p.to) && (t.iface == "" || t.iface == p.iface) && t.sport == "any" {
			return t.lets()
		}
	}
	return byDefault
}

// opens reports whether rules let anybody in to a TCP port.
func opens(rules []tuple, byDefault bool, port uint16) bool {
	for _, t := range rules {
		switch {
		case !t.concerns(port):
		case t.lets():
			return true
		case t.forAll():
			return false
		}
	}
	return byDefault
}

// opensToAll reports whether rules let a stranger in to a TCP port: those for some addresses only do not count.
func opensToAll(rules []tuple, byDefault bool, port uint16) bool {
	for _, t := range rules {
		if t.concerns(port) && t.forAll() {
			return t.lets()
		}
	}
	return byDefault
}

// forAll reports whether the rule is for every address, on both sides.
func (t tuple) forAll() bool {
	return t.src.Bits() == 0 && t.dst.Bits() == 0 && t.iface == "" && t.sport == "any"
}

func (t tuple) lets() bool { return t.action == "allow" || t.action == "limit" }

// concerns reports whether the rule is for TCP connections to one of this machine's ports.
func (t tuple) concerns(port uint16) bool {
	return !t.route && t.direction == "in" && (t.protocol == "tcp" || t.protocol == "any") && portIn(t.dport, port)
}

func portIn(list string, port uint16) bool {
	if list == "any" {
		return true
	}
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, ":")
		if !isRange {
			last = first
		}
		lo, err := strconv.ParseUint(first, 10, 16)
		hi, err2 := strconv.ParseUint(last, 10, 16)
		if err == nil && err2 == nil && uint64(port) >= lo && uint64(port) <= hi {
			return true
		}
	}
	return false
}
