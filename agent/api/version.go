package api

import "slices"

// Health answers PathHealth.
type Health struct {
	Status string `json:"status"` // "ok"
}

// Version answers PathVersion.
type Version struct {
	Version      string            `json:"version"`
	AgentID      string            `json:"agent_id"`
	ServerName   string            `json:"server_name"` // host name of the node
	Preset       string            `json:"preset"`      // monitor, readonly, full or custom
	Allow        map[string]string `json:"allow"`       // domain -> "ro" or "rw"; a missing domain is closed
	Capabilities []string          `json:"capabilities"`
	Optimization OptimizationInfo  `json:"optimizations"`
}

// OptimizationInfo tells which system optimizations are installed on the node.
type OptimizationInfo struct {
	Installed bool   `json:"installed"`
	Version   string `json:"version"`
}

// Can reports whether the agent has a capability.
func (v Version) Can(capability string) bool {
	return slices.Contains(v.Capabilities, capability)
}
