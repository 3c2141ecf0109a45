package control

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"monitoring/agent/api"
)

// forced answers the questions that UFW asks before a deletion and before it is enabled; elsewhere it knows no --force.
func forced(step []string) []string {
	if step[0] == "delete" || step[0] == api.FirewallEnable {
		return append([]string{"--force"}, step...)
	}
	return step
}

// plan turns a change into calls of UFW.
func (f *Firewall) plan(ctx context.Context, c api.FirewallChange) ([][]string, error) {
	switch c.Op {
	case api.FirewallEnable, api.FirewallDisable:
		return [][]string{{c.Op}}, nil
	case api.FirewallAdd:
		return [][]string{addArgs(c)}, nil
	}
	list, err := f.Rules(ctx)
	if err != nil {
		return nil, err
	}
	if !list.Active {
		return nil, fail(api.CodeConflict, "the firewall is not active: ufw numbers its rules only then")
	}
	var steps [][]string
	for _, r := range slices.Backward(list.Rules) { // from the highest number down, for those above it shift
		if !selects(c, r) {
			continue
		}
		switch {
		case r.ReadOnly:
			return nil, fail(api.CodeRefused, "rule %d (%s) can only be changed with ufw on the server itself: it names an interface, an address of the server, a route or a profile", r.Number, Text(r))
		case c.Expect != "" && c.Expect != Text(r):
			return nil, fail(api.CodeRefused, "rule %d reads %q now: load the list again", r.Number, Text(r))
		}
		steps = append(steps, []string{"delete", strconv.Itoa(r.Number)})
	}
	if len(steps) == 0 {
		return nil, fail(api.CodeNotFound, "there is no such rule")
	}
	return steps, nil
}

// Text is a rule in one line, which FirewallChange.Expect is compared with.
func Text(r api.FirewallRule) string { return r.Text() }

// selects reports whether a deletion means the rule.
func selects(c api.FirewallChange, r api.FirewallRule) bool {
	if c.Op == api.FirewallDeleteRule {
		return r.Number == c.Number
	}
	return r.Ports == c.Ports && r.Protocol == c.Protocol && !r.ReadOnly && r.Direction == strings.ToUpper(directionOf(c)) &&
		(c.Action == "" || strings.EqualFold(r.Action, c.Action) && r.FromIP == anywhere)
}

func directionOf(c api.FirewallChange) string {
	if c.Direction == "" {
		return "in"
	}
	return c.Direction
}

// addArgs is `{allow|deny} {in|out} [from IP] to any port P [proto tcp|udp]`.
func addArgs(c api.FirewallChange) []string {
	args := []string{c.Action, directionOf(c)}
	if c.From != "" {
		args = append(args, "from", c.From)
	}
	args = append(args, "to", "any", "port", c.Ports)
	if c.Protocol != "any" {
		args = append(args, "proto", c.Protocol)
	}
	if c.Comment != "" {
		args = append(args, "comment", c.Comment)
	}
	return args
}
