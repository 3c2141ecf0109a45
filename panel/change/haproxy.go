package change

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/storage"
	"monitoring/words"
)

// Changes of HAProxy.
const (
	KindHAProxyService    = "haproxy_service"
	KindHAProxyRule       = "haproxy_rule_add"
	KindHAProxyRuleUpdate = "haproxy_rule_update"
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
func (c HAProxyService) Need() fleet.Need       { return needHAProxy }
func (c HAProxyService) Timeout() time.Duration { return haproxyTimeout }

func (c HAProxyService) Title() words.Sentence {
	switch c.Action {
	case "start":
		return words.Say("HAProxy: start")
	case "stop":
		return words.Say("HAProxy: stop")
	case "restart":
		return words.Say("HAProxy: restart")
	default:
		return words.Say("HAProxy: reload")
	}
}

func (c HAProxyService) Validate() error {
	if !slices.Contains(serviceActions, c.Action) {
		return storage.Invalid("action", "the action is start, stop, restart or reload")
	}
	return nil
}

func (c HAProxyService) Apply(ctx context.Context, t Target) (Outcome, error) {
	done, err := t.Client.HAProxyService(ctx, c.Action)
	return Outcome{Message: words.From(done.Message, done.Words), Code: done.Code}, err
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

func (c HAProxyRule) Title() words.Sentence {
	r := c.filled()
	return words.Say("HAProxy: add rule %s, %s :%d to %s:%d", r.Name, r.RuleType, r.ListenPort, r.TargetIP, r.TargetPort)
}

func (c HAProxyRule) Apply(ctx context.Context, t Target) (Outcome, error) {
	done, err := t.Client.AddHAProxyRule(ctx, c.filled(), t.changing())
	return haproxyOutcome(t, done, err)
}

// Holds reports whether exactly this rule is there.
func (c HAProxyRule) Holds(there api.HAProxyRules) bool {
	return slices.Contains(there.Rules, c.filled())
}

// HAProxyRuleUpdate changes fields of the rule of a name.
type HAProxyRuleUpdate struct {
	Name string `json:"name"`
	api.HAProxyRuleUpdate
}

// Kind implements Change, and so do the methods below it.
func (c HAProxyRuleUpdate) Kind() string           { return KindHAProxyRuleUpdate }
func (c HAProxyRuleUpdate) Need() fleet.Need       { return needHAProxy }
func (c HAProxyRuleUpdate) Timeout() time.Duration { return haproxyTimeout }

// Validate looks at the new fields in a rule whose other fields are right.
func (c HAProxyRuleUpdate) Validate() error {
	if c.HAProxyRuleUpdate == (api.HAProxyRuleUpdate{}) {
		return storage.Invalid("payload", "name at least one field to change")
	}
	r := api.HAProxyRule{Name: c.Name, RuleType: api.RuleHTTPS, ListenPort: 1, TargetIP: "192.0.2.1", TargetPort: 1, CertDomain: "example.net"}
	return fieldError(c.HAProxyRuleUpdate.Apply(r).Check())
}

func (c HAProxyRuleUpdate) Title() words.Sentence {
	u := c.HAProxyRuleUpdate
	fields := []string{field("rule_type", u.RuleType), field("listen_port", u.ListenPort), field("target_ip", u.TargetIP), field("target_port", u.TargetPort),
		field("cert_domain", u.CertDomain), field("target_ssl", u.TargetSSL), field("send_proxy", u.SendProxy)}
	fields = slices.DeleteFunc(fields, func(f string) bool { return f == "" })
	return words.Say("HAProxy: change rule %s, %s", c.Name, strings.Join(fields, ", "))
}

func field[T any](name string, value *T) string {
	if value == nil {
		return ""
	}
	return fmt.Sprintf("%s %v", name, *value)
}

func (c HAProxyRuleUpdate) Apply(ctx context.Context, t Target) (Outcome, error) {
	done, err := t.Client.UpdateHAProxyRule(ctx, c.Name, c.HAProxyRuleUpdate, t.changing())
	return haproxyOutcome(t, done, err)
}

// Holds reports whether the rule has all of the fields already.
func (c HAProxyRuleUpdate) Holds(there api.HAProxyRules) bool {
	return slices.ContainsFunc(there.Rules, func(r api.HAProxyRule) bool {
		return r.Name == c.Name && c.HAProxyRuleUpdate.Apply(r) == r
	})
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

func (c HAProxyRuleRemove) Title() words.Sentence {
	return words.Say("HAProxy: remove rule :%d to %s:%d", c.ListenPort, c.TargetIP, c.TargetPort)
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
			done, err := t.Client.RemoveHAProxyRule(ctx, r.Name, t.changing())
			return haproxyOutcome(t, done, err)
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

func (c HAProxyConfig) Title() words.Sentence {
	return words.Say("HAProxy: replace the configuration, %d bytes", len(c.ConfigContent))
}

func (c HAProxyConfig) Validate() error {
	if c.ConfigContent == "" || len(c.ConfigContent) > maxConfig {
		return storage.Invalid("config_content", "give a configuration of at most 200 KiB")
	}
	return nil
}

// Holds reports whether the file is this one.
func (c HAProxyConfig) Holds(there api.HAProxyRules) bool {
	return there.ConfigHash == api.HashConfig([]byte(c.ConfigContent))
}

func (c HAProxyConfig) Apply(ctx context.Context, t Target) (Outcome, error) {
	done, err := t.Client.ApplyHAProxyConfig(ctx, api.HAProxyConfigApply{ConfigContent: c.ConfigContent, ReloadAfter: c.ReloadAfter}, t.changing())
	return haproxyOutcome(t, done, err)
}

// changing is how the file of HAProxy is to be changed.
func (t Target) changing() api.Changing { return api.Changing{IfConfig: t.IfFile, DryRun: t.DryRun} }

func haproxyOutcome(t Target, done api.HAProxyChanged, err error) (Outcome, error) {
	file := done.ConfigHash
	if t.DryRun {
		file = api.HashConfig([]byte(done.Content))
	}
	return Outcome{Message: words.From(done.Message, done.Words), Code: done.Code, File: file}, err
}

// notThere is what an agent would answer about something that it does not have.
func notThere(format string, args ...any) error {
	return refused(api.Fail(api.CodeNotFound, format, args...))
}

// refused is what the client of an agent makes of its refusal.
func refused(f *api.Failure) error {
	return &api.StatusError{Code: f.Status(), Detail: f.Detail, Failure: *f}
}
