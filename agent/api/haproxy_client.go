package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// Changing says how a change of HAProxy's configuration is to be made.
type Changing struct {
	IfConfig string // only if the file has this hash; "" is in any case
	DryRun   bool   // check, answer with the new file, and change nothing
}

func (o Changing) query() string {
	q := url.Values{}
	if o.IfConfig != "" {
		q.Set("if_config", o.IfConfig)
	}
	if o.DryRun {
		q.Set("dry_run", "true")
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// HAProxyStatus asks how HAProxy is; the answer may be 5 s old.
func (c *Client) HAProxyStatus(ctx context.Context) (HAProxyStatus, error) {
	return call[HAProxyStatus](ctx, c, http.MethodGet, PathHAProxy+"/status", nil)
}

// HAProxyState asks for everything about HAProxy.
func (c *Client) HAProxyState(ctx context.Context) (HAProxyState, error) {
	return call[HAProxyState](ctx, c, http.MethodGet, PathHAProxy, nil)
}

// HAProxyStats reads the live statistics.
func (c *Client) HAProxyStats(ctx context.Context) (HAProxyStats, error) {
	return call[HAProxyStats](ctx, c, http.MethodGet, PathHAProxy+"/stats", nil)
}

// HAProxyRules lists the rules.
func (c *Client) HAProxyRules(ctx context.Context) (HAProxyRules, error) {
	return call[HAProxyRules](ctx, c, http.MethodGet, PathHAProxy+"/rules", nil)
}

// HAProxyRule reads one rule.
func (c *Client) HAProxyRule(ctx context.Context, name string) (HAProxyRule, error) {
	return call[HAProxyRule](ctx, c, http.MethodGet, PathHAProxy+"/rules/"+url.PathEscape(name), nil)
}

// AddHAProxyRule adds a rule; the same rule once more is no error.
func (c *Client) AddHAProxyRule(ctx context.Context, r HAProxyRule, o Changing) (HAProxyChanged, error) {
	return call[HAProxyChanged](ctx, c, http.MethodPost, PathHAProxy+"/rules"+o.query(), r)
}

// UpdateHAProxyRule changes fields of a rule.
func (c *Client) UpdateHAProxyRule(ctx context.Context, name string, u HAProxyRuleUpdate, o Changing) (HAProxyChanged, error) {
	return call[HAProxyChanged](ctx, c, http.MethodPut, PathHAProxy+"/rules/"+url.PathEscape(name)+o.query(), u)
}

// RemoveHAProxyRule removes a rule.
func (c *Client) RemoveHAProxyRule(ctx context.Context, name string, o Changing) (HAProxyChanged, error) {
	return call[HAProxyChanged](ctx, c, http.MethodDelete, PathHAProxy+"/rules/"+url.PathEscape(name)+o.query(), nil)
}

// HAProxyService does one thing to the service: start, stop, restart or reload it, or install it, which takes minutes.
func (c *Client) HAProxyService(ctx context.Context, action string) (Changed, error) {
	return call[Changed](ctx, c, http.MethodPost, PathHAProxy+"/"+url.PathEscape(action), nil)
}

// ValidateHAProxy checks the configuration as it is.
func (c *Client) ValidateHAProxy(ctx context.Context) (Validation, error) {
	return call[Validation](ctx, c, http.MethodGet, PathHAProxy+"/validate", nil)
}

// HAProxyConfig reads the configuration file.
func (c *Client) HAProxyConfig(ctx context.Context) (HAProxyConfig, error) {
	return call[HAProxyConfig](ctx, c, http.MethodGet, PathHAProxy+"/config", nil)
}

// ApplyHAProxyConfig replaces the configuration file.
func (c *Client) ApplyHAProxyConfig(ctx context.Context, a HAProxyConfigApply, o Changing) (HAProxyChanged, error) {
	return call[HAProxyChanged](ctx, c, http.MethodPut, PathHAProxy+"/config"+o.query(), a)
}

// RegenerateHAProxyConfig writes the base of the configuration anew, with the rules or without.
func (c *Client) RegenerateHAProxyConfig(ctx context.Context, preserveRules bool, o Changing) (HAProxyChanged, error) {
	query := o.query()
	if !preserveRules {
		sep := "?"
		if query != "" {
			sep = "&"
		}
		query += sep + "preserve_rules=false"
	}
	return call[HAProxyChanged](ctx, c, http.MethodPost, PathHAProxy+"/config/regenerate"+query, nil)
}

// HAProxyLogs reads the last lines of the service's log.
func (c *Client) HAProxyLogs(ctx context.Context, tail int) (Logs, error) {
	return call[Logs](ctx, c, http.MethodGet, PathHAProxy+"/logs?tail="+strconv.Itoa(tail), nil)
}

// ChangeHAProxyServer changes a server of a backend in the running process.
func (c *Client) ChangeHAProxyServer(ctx context.Context, backend, server string, ch HAProxyServerChange) (Changed, error) {
	return call[Changed](ctx, c, http.MethodPost, PathHAProxy+"/servers/"+url.PathEscape(backend)+"/"+url.PathEscape(server), ch)
}
