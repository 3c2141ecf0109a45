package change

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/storage"
)

// Changes of HAProxy.
const (
	KindHAProxyService    = "haproxy_service"
	KindHAProxyRule       = "haproxy_rule_add"
	KindHAProxyRuleRemove = "haproxy_rule_remove"
	KindHAProxyConfig     = "haproxy_config"
)

const haproxyTimeout = 90 * time.Second // a check, a reload, a look whether it holds, and perhaps the way back

var needHAProxy = fleet.Need{Capability: "haproxy", Domain: api.DomainHAProxy, Write: true}

// HAProxyService starts, stops, restarts or reloads the service.
type HAProxyService struct {
	Action string `json:"action"`
}

var serviceActions = []string{"start", "stop", "restart", "reload"}

// Kind implements Change, and so do the methods below it.
func (c HAProxyService) Kind() string           { return KindHAProxyService }
func (c HAProxyService) Title() string          { return "HAProxy: " + c.Action }
func (c HAProxyService) Need() fleet.Need       { return needHAProxy }
func (c HAProxyService) Timeout() time.Duration { return haproxyTimeout }

func (c HAProxyService) Validate() error {
	if !slices.Contains(serviceActions, c.Action) {
		return storage.Invalid("action", "the action is start, stop, restart or reload")
	}
	return nil
}

func (c HAProxyService) Apply(ctx context.Context, t Target) (Outcome, error) {
	done, err := t.Client.HAProxyService(ctx, c.Action)
	return Outcome{Message: done.Message, Code: done.Code}, err
}

// HAProxyRule adds a rule.
type HAProxyRule struct{ api.HAProxyRule }

// Kind implements Change, and so do the methods below it.
func (c HAProxyRule) Kind() string           { return KindHAProxyRule }
func (c HAProxyRule) Need() fleet.Need       { return needHAProxy }
func (c HAProxyRule) Timeout() time.Duration { return haproxyTimeout }
func (c HAProxyRule) Validate() error        { return fieldError(c.filled().Check()) }

func (c HAProxyRule) filled() api.HAProxyRule {
	r := c.HAProxyRule
	if r.RuleType == "" {
		r.RuleType = api.RuleTCP
	}
	return r
}

func (c HAProxyRule) Title() string {
	r := c.filled()
	return fmt.Sprintf("HAProxy: add rule %s, %s :%d to %s:%d", r.Name, r.RuleType, r.ListenPort, r.TargetIP, r.TargetPort)
}

func (c HAProxyRule) Apply(ctx context.Context, t Target) (Outcome, error) {
	return haproxyOutcome(t.Client.AddHAProxyRule(ctx, c.filled(), api.Changing{IfConfig: t.IfFile}))
}

// HAProxyRuleRemove removes the rule that forwards a port to a target.
type HAProxyRuleRemove struct {
	ListenPort int    `json:"listen_port"`
	TargetIP   string `json:"target_ip"`
	TargetPort int    `json:"target_port"`
}

// Kind implements Change, and so do the methods below it.
func (c HAProxyRuleRemove) Kind() string           { return KindHAProxyRuleRemove }
func (c HAProxyRuleRemove) Need() fleet.Need       { return needHAProxy }
func (c HAProxyRuleRemove) Timeout() time.Duration { return haproxyTimeout }

func (c HAProxyRuleRemove) Title() string {
	return fmt.Sprintf("HAProxy: remove rule :%d to %s:%d", c.ListenPort, c.TargetIP, c.TargetPort)
}

func (c HAProxyRuleRemove) Validate() error {
	return fieldError(api.HAProxyRule{Name: "any", RuleType: api.RuleTCP, ListenPort: c.ListenPort, TargetIP: c.TargetIP, TargetPort: c.TargetPort}.Check())
}

// Apply looks the rule up first, since its name differs from server to server.
func (c HAProxyRuleRemove) Apply(ctx context.Context, t Target) (Outcome, error) {
	list, err := t.Client.HAProxyRules(ctx)
	if err != nil {
		return Outcome{}, err
	}
	for _, r := range list.Rules {
		if r.ListenPort == c.ListenPort && r.TargetIP == c.TargetIP && r.TargetPort == c.TargetPort {
			return haproxyOutcome(t.Client.RemoveHAProxyRule(ctx, r.Name, api.Changing{IfConfig: t.IfFile}))
		}
	}
	return Outcome{}, notThere("the server has no such rule")
}

// HAProxyConfig replaces the whole configuration.
type HAProxyConfig struct {
	ConfigContent string `json:"config_content"`
	ReloadAfter   *bool  `json:"reload_after,omitempty"` // true if it is not given
}

const maxConfig = 200 << 10 // bytes; what an agent takes in one request, less its frame

// Kind implements Change, and so do the methods below it.
func (c HAProxyConfig) Kind() string           { return KindHAProxyConfig }
func (c HAProxyConfig) Need() fleet.Need       { return needHAProxy }
func (c HAProxyConfig) Timeout() time.Duration { return haproxyTimeout }

func (c HAProxyConfig) Title() string {
	return fmt.Sprintf("HAProxy: replace the configuration, %d bytes", len(c.ConfigContent))
}

func (c HAProxyConfig) Validate() error {
	if c.ConfigContent == "" || len(c.ConfigContent) > maxConfig {
		return storage.Invalid("config_content", "give a configuration of at most 200 KiB")
	}
	return nil
}

func (c HAProxyConfig) Apply(ctx context.Context, t Target) (Outcome, error) {
	return haproxyOutcome(t.Client.ApplyHAProxyConfig(ctx, api.HAProxyConfigApply{ConfigContent: c.ConfigContent, ReloadAfter: c.ReloadAfter}, api.Changing{IfConfig: t.IfFile}))
}

func haproxyOutcome(done api.HAProxyChanged, err error) (Outcome, error) {
	return Outcome{Message: done.Message, Code: done.Code, File: done.ConfigHash}, err
}

// notThere is what an agent would answer about something that it does not have.
func notThere(detail string) error {
	f := api.Failure{Code: api.CodeNotFound, Detail: detail}
	return &api.StatusError{Code: http.StatusNotFound, Detail: detail, Failure: f}
}
