package main

import (
	"net/http"
	"os"
	"slices"
	"testing"
)

// haproxy drives HAProxy's routes. The agent is of this machine, so its owner allows to look and no more; what changes do
// stands in agent/control, on machines of their own.
func (c *tour) haproxy(t *testing.T, id int64) {
	const base = "/api/proxy/{id}/haproxy"
	var status struct {
		Installed  bool
		ConfigPath string `json:"config_path"`
	}
	c.get(t, &status, base+"/status", id)
	if _, err := os.Stat("/usr/sbin/haproxy"); status.Installed != (err == nil) || status.ConfigPath != "/etc/haproxy/haproxy.cfg" {
		t.Errorf("haproxy: %+v", status)
	}
	eventually(t, "the cache is filled", wait, func() bool {
		answer, _ := c.call(t, "GET", c.visit("GET", base+"/cached", []any{id}), nil)
		return answer == http.StatusOK
	})
	c.get(t, nil, base+"/rules", id)
	c.get(t, nil, base+"/last-hour", id)
	c.answered(t, "GET", base+"/logs?tail=5", []int{200, 502}, id) // as this machine has it
	c.answered(t, "GET", base+"/config", []int{200, 404}, id)
	c.answered(t, "GET", base+"/stats", []int{200, 409}, id)
	c.answered(t, "POST", base+"/validate", []int{200, 409}, id)
	c.answered(t, "GET", base+"/rules/{name}", []int{404}, id, "no-such-rule")
	rule := map[string]any{"name": "a", "rule_type": "tcp", "listen_port": 1, "target_ip": "192.0.2.1", "target_port": 1}
	c.restricted(t, "POST", rule, base+"/rules", id)
	c.restricted(t, "PUT", map[string]any{"listen_port": 2}, base+"/rules/{name}", id, "a")
	c.restricted(t, "DELETE", nil, base+"/rules/{name}", id, "a")
	for _, action := range []string{"install", "start", "stop", "restart", "reload"} {
		c.restricted(t, "POST", nil, base+"/"+action, id)
	}
	c.restricted(t, "POST", map[string]any{"config_content": "global\n"}, base+"/config/apply", id)
	c.restricted(t, "POST", nil, base+"/config/regenerate", id)
	c.restricted(t, "POST", map[string]any{"state": "maint"}, base+"/servers/{backend}/{server}", id, "b", "s")
	c.certs(t, id)
}

// certs drives the routes of certificates.
func (c *tour) certs(t *testing.T, id int64) {
	const base = "/api/proxy/{id}/haproxy/certs"
	c.get(t, nil, base, id)
	c.get(t, nil, base+"/all", id)
	c.get(t, nil, base+"/cron/status", id)
	c.answered(t, "GET", base+"/{domain}", []int{404}, id, "none.test")
	c.restricted(t, "POST", map[string]string{"domain": "a.test", "method": "standalone"}, base+"/generate", id)
	c.restricted(t, "POST", map[string]string{"domain": "a.test", "cert_content": "c", "key_content": "k"}, base+"/upload", id)
	c.restricted(t, "POST", nil, base+"/renew", id)
	c.restricted(t, "POST", nil, base+"/{domain}/renew", id, "a.test")
	c.restricted(t, "DELETE", nil, base+"/{domain}", id, "a.test")
	c.restricted(t, "POST", nil, base+"/cron/enable", id)
	c.restricted(t, "POST", nil, base+"/cron/disable", id)
}

// answered calls a route whose answer depends on the machine.
func (c *tour) answered(t *testing.T, method, pattern string, statuses []int, args ...any) {
	t.Helper()
	path := c.visit(method, pattern, args)
	if status, b := c.call(t, method, path, nil); !slices.Contains(statuses, status) {
		t.Errorf("%s %s: %d %s", method, path, status, b)
	}
}
