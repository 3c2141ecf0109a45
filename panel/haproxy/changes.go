package haproxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/rest"
	"monitoring/storage"
)

// AddRuleRequest is the body of POST /rules.
type AddRuleRequest struct{ api.HAProxyRule }

// Validate implements rest.Validator.
func (r AddRuleRequest) Validate() error { return fieldError(r.Check()) }

// fieldError is the panel's form of what the agent would say as well.
func fieldError(err error) error {
	if f, ok := errors.AsType[*api.Failure](err); ok {
		return &storage.FieldError{Field: f.Field, Detail: f.Detail, Words: f.Words}
	}
	return err
}

// changing reads ?if_config and ?dry_run.
func changing(r *http.Request) api.Changing {
	q := r.URL.Query()
	return api.Changing{IfConfig: q.Get("if_config"), DryRun: q.Get("dry_run") == "true"}
}

// note tells the audit log what is changed. A dry run is told apart, for it changes nothing.
func note(r *http.Request, target, detail string) {
	if changing(r).DryRun {
		detail = strings.TrimPrefix(detail+", only checked", ", ")
	}
	rest.Note(r.Context(), target, detail)
}

func (s *Service) addRule(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[AddRuleRequest](r)
	if err != nil {
		return err
	}
	note(r, req.Name, fmt.Sprintf("%s :%d → %s:%d", req.RuleType, req.ListenPort, req.TargetIP, req.TargetPort))
	return change(s, w, r, toChange, changeTimeout, func(ctx context.Context, c *api.Client, r *http.Request) (api.HAProxyChanged, error) {
		return c.AddHAProxyRule(ctx, req.HAProxyRule, changing(r))
	})
}

func (s *Service) updateRule(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[api.HAProxyRuleUpdate](r)
	if err != nil {
		return err
	}
	note(r, rest.Param(r, "name"), "")
	return change(s, w, r, toChange, changeTimeout, func(ctx context.Context, c *api.Client, r *http.Request) (api.HAProxyChanged, error) {
		return c.UpdateHAProxyRule(ctx, rest.Param(r, "name"), req, changing(r))
	})
}

func (s *Service) removeRule(w http.ResponseWriter, r *http.Request) error {
	note(r, rest.Param(r, "name"), "")
	return change(s, w, r, toChange, changeTimeout, func(ctx context.Context, c *api.Client, r *http.Request) (api.HAProxyChanged, error) {
		return c.RemoveHAProxyRule(ctx, rest.Param(r, "name"), changing(r))
	})
}

// service does one thing to the service.
func (s *Service) service(action string, timeout time.Duration) rest.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return change(s, w, r, toChange, timeout, func(ctx context.Context, c *api.Client, _ *http.Request) (api.Changed, error) {
			return c.HAProxyService(ctx, action)
		})
	}
}

func (s *Service) applyConfig(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[api.HAProxyConfigApply](r)
	if err != nil {
		return err
	}
	if req.ConfigContent == "" {
		return storage.Invalid("config_content", "config_content must not be empty")
	}
	note(r, "configuration", fmt.Sprintf("%d bytes", len(req.ConfigContent)))
	return change(s, w, r, toChange, changeTimeout, func(ctx context.Context, c *api.Client, r *http.Request) (api.HAProxyChanged, error) {
		return c.ApplyHAProxyConfig(ctx, req, changing(r))
	})
}

func (s *Service) regenerate(w http.ResponseWriter, r *http.Request) error {
	preserve := r.URL.Query().Get("preserve_rules") != "false"
	note(r, "configuration", fmt.Sprintf("regenerate, preserve rules: %v", preserve))
	return change(s, w, r, toChange, changeTimeout, func(ctx context.Context, c *api.Client, r *http.Request) (api.HAProxyChanged, error) {
		return c.RegenerateHAProxyConfig(ctx, preserve, changing(r))
	})
}

func (s *Service) logs(w http.ResponseWriter, r *http.Request) error {
	tail, err := rest.QueryInt(r, "tail", 100, 1, 5000)
	if err != nil {
		return err
	}
	return pass(s, w, r, toLook, lookTimeout, func(ctx context.Context, c *api.Client, _ *http.Request) (api.Logs, error) {
		return c.HAProxyLogs(ctx, tail)
	})
}

func (s *Service) changeServer(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[api.HAProxyServerChange](r)
	if err != nil {
		return err
	}
	return change(s, w, r, toChange, lookTimeout, func(ctx context.Context, c *api.Client, r *http.Request) (api.Changed, error) {
		return c.ChangeHAProxyServer(ctx, rest.Param(r, "backend"), rest.Param(r, "server"), req)
	})
}
