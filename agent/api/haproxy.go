package api

import (
	"context"
	"net/http"
)

// PathHAProxy is where the HAProxy of a node is.
const PathHAProxy = "/v1/haproxy"

// HAProxyStatus says how HAProxy is.
type HAProxyStatus struct {
	Installed     bool   `json:"installed"`
	Running       bool   `json:"running"`
	Enabled       bool   `json:"enabled"` // starts at boot
	ConfigExists  bool   `json:"config_exists"`
	ConfigValid   bool   `json:"config_valid"`
	ConfigMessage string `json:"config_message"` // of haproxy -c
	ConfigPath    string `json:"config_path"`
	StatusOutput  string `json:"status_output"` // of systemctl status
	ServiceLogs   string `json:"service_logs"`  // last lines, when it does not run
}

// HAProxyStatus asks how HAProxy is; the answer may be 5 s old.
func (c *Client) HAProxyStatus(ctx context.Context) (HAProxyStatus, error) {
	return call[HAProxyStatus](ctx, c, http.MethodGet, PathHAProxy+"/status", nil)
}
