package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"monitoring/agent/api"
)

// Presets of AGENT_ALLOW.
const (
	PresetMonitor  = "monitor"
	PresetReadonly = "readonly"
	PresetFull     = "full"
	presetCustom   = "custom"
)

const (
	readOnly  = api.ReadOnly
	readWrite = api.ReadWrite
)

// domains are those that can be closed; metrics cannot.
var domains = []string{api.DomainTraffic, api.DomainHAProxy, api.DomainCerts, api.DomainFirewall, api.DomainIPSet, api.DomainExec,
	api.DomainPower, api.DomainSystem, api.DomainRemnawave}

// Allow is what the owner of the node lets the panel do: domain -> "ro" or "rw"; a missing domain is closed.
type Allow map[string]string

// ParseAllow reads AGENT_ALLOW: a preset, or "domain:ro" and "domain:rw" separated by commas or spaces. A preset may
// come first and be widened by entries after it. Empty text means monitor.
func ParseAllow(text string) (Allow, error) {
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r' })
	allow := preset(PresetMonitor)
	if len(parts) == 0 {
		return allow, nil
	}
	if p := preset(parts[0]); p != nil {
		allow, parts = p, parts[1:]
	}
	seen := map[string]bool{}
	for _, part := range parts {
		domain, access, err := parseEntry(part)
		if err != nil {
			return nil, err
		}
		if seen[domain] {
			return nil, fmt.Errorf("allow: %q stands twice", domain)
		}
		seen[domain] = true
		allow[domain] = access
	}
	return allow, nil
}

func parseEntry(part string) (domain, access string, err error) {
	domain, access, given := strings.Cut(part, ":")
	switch {
	case preset(domain) != nil:
		return "", "", fmt.Errorf("allow: the preset %q must stand first and only once", part)
	case domain == api.DomainMetrics && !given:
		return api.DomainMetrics, readOnly, nil
	case domain != api.DomainMetrics && !slices.Contains(domains, domain):
		return "", "", fmt.Errorf("allow: %q is neither a preset (monitor, readonly, full) nor a domain (metrics %s)", part, strings.Join(domains, " "))
	case access != readOnly && access != readWrite:
		return "", "", fmt.Errorf("allow: %q needs :ro or :rw, as in %s:ro", part, domain)
	case domain == api.DomainMetrics && access == readWrite:
		return "", "", fmt.Errorf("allow: %q: metrics can only be read, write metrics:ro", part)
	}
	return domain, access, nil
}

// preset returns a fresh copy, nil for an unknown name.
func preset(name string) Allow {
	a := Allow{api.DomainMetrics: readOnly}
	switch name {
	case PresetMonitor:
	case PresetReadonly:
		for _, d := range domains {
			a[d] = readOnly
		}
	case PresetFull:
		for _, d := range domains {
			a[d] = readWrite
		}
	default:
		return nil
	}
	return a
}

// Preset names the preset that a equals, "custom" if none.
func (a Allow) Preset() string {
	for _, name := range []string{PresetMonitor, PresetReadonly, PresetFull} {
		if maps.Equal(a, preset(name)) {
			return name
		}
	}
	return presetCustom
}

// Permits reports whether the panel may read a domain or, with write, change it.
func (a Allow) Permits(domain string, write bool) bool {
	return a[domain] == readWrite || a[domain] == readOnly && !write
}

// String is the shortest text that ParseAllow reads back.
func (a Allow) String() string {
	if p := a.Preset(); p != presetCustom {
		return p
	}
	var parts []string
	for _, d := range slices.Sorted(maps.Keys(a)) {
		parts = append(parts, d+":"+a[d])
	}
	return strings.Join(parts, " ")
}
