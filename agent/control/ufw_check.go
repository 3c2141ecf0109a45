package control

import (
	"regexp"
	"strconv"
	"strings"

	"monitoring/agent/api"
)

const maxPortList = 15 // what `multiport` of iptables takes; a range counts twice

// checkChange looks at a request before anything of it reaches UFW.
func checkChange(c api.FirewallChange) error {
	if c.HoldSeconds != 0 && (c.HoldSeconds < api.MinHoldSeconds || c.HoldSeconds > api.MaxHoldSeconds) {
		return invalid("hold_seconds", "must be from %d to %d", api.MinHoldSeconds, api.MaxHoldSeconds)
	}
	switch c.Op {
	case api.FirewallEnable, api.FirewallDisable:
		return nil
	case api.FirewallDeleteRule:
		if c.Number < 1 {
			return invalid("number", "must be the number of a rule")
		}
		return nil
	case api.FirewallAdd, api.FirewallDeletePort:
	default:
		return invalid("op", "must be one of add, delete, delete_port, enable, disable")
	}
	if err := checkPorts(c.Ports); err != nil {
		return err
	}
	switch {
	case c.Protocol != "tcp" && c.Protocol != "udp" && c.Protocol != "any":
		return invalid("protocol", "must be tcp, udp or any")
	case c.Protocol == "any" && strings.ContainsAny(c.Ports, ":,"):
		return invalid("protocol", "must be tcp or udp for more than one port: ufw asks for it")
	case c.Direction != "" && c.Direction != "in" && c.Direction != "out":
		return invalid("direction", "must be in or out")
	}
	actions := map[string]bool{"allow": true, "deny": true, "reject": true, "limit": true, "": c.Op == api.FirewallDeletePort}
	if !actions[c.Action] {
		return invalid("action", "must be allow, deny, reject or limit")
	}
	if c.From != "" {
		if _, ok := parseNetwork(c.From); !ok {
			return invalid("from_ip", "must be an address or a network such as 10.0.0.0/8")
		}
	}
	if !commentText.MatchString(c.Comment) {
		return invalid("comment", "must be at most 100 characters in one line, without ' and \"")
	}
	return nil
}

var commentText = regexp.MustCompile(`\A[^'"\pC]{0,100}\z`) // UFW refuses quotes

func checkPorts(list string) error {
	if !portList.MatchString(list) {
		return invalid("port", "must be a port such as 443, a range such as 6000:6007 or a list such as 80,443")
	}
	count := 0
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, ":")
		count++
		if isRange {
			count++
		} else {
			last = first
		}
		lo, err := strconv.ParseUint(first, 10, 16)
		hi, err2 := strconv.ParseUint(last, 10, 16)
		if err != nil || err2 != nil || lo < 1 || hi < lo || isRange && lo == hi || first[0] == '0' || last[0] == '0' {
			return invalid("port", "must be from 1 to 65535, and a range from the lower to the higher port")
		}
	}
	if count > maxPortList {
		return invalid("port", "must name at most %d ports, a range counting twice", maxPortList)
	}
	return nil
}
