package control

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"monitoring/agent/api"
	"monitoring/agent/haproxy"
)

func (x *HAProxy) rule(_ context.Context, c Call) (api.HAProxyRule, error) {
	list, err := x.Rules()
	if err != nil {
		return api.HAProxyRule{}, err
	}
	i := slices.IndexFunc(list.Rules, func(r api.HAProxyRule) bool { return r.Name == c.Param("name") })
	if i < 0 {
		return api.HAProxyRule{}, noRule(c.Param("name"))
	}
	return list.Rules[i], nil
}

func noRule(name string) error { return fail(api.CodeNotFound, "there is no rule %q", name) }

func (x *HAProxy) addRule(ctx context.Context, r api.HAProxyRule, c Call) (api.HAProxyChanged, error) {
	r.ByHand = false
	if err := r.Check(); err != nil {
		return api.HAProxyChanged{}, err
	}
	return x.editRules(ctx, c, func(f *haproxy.File) (live, error) {
		certificate, err := x.certificate(r)
		if err != nil {
			return nil, err
		}
		return nil, f.Add(r, certificate)
	})
}

func (x *HAProxy) updateRule(ctx context.Context, u api.HAProxyRuleUpdate, c Call) (api.HAProxyChanged, error) {
	return x.editRules(ctx, c, func(f *haproxy.File) (live, error) {
		rules := f.Rules()
		i := slices.IndexFunc(rules, func(r api.HAProxyRule) bool { return r.Name == c.Param("name") })
		if i < 0 {
			return nil, noRule(c.Param("name"))
		}
		r := u.Apply(rules[i])
		if err := r.Check(); err != nil {
			return nil, err
		}
		certificate, err := x.certificate(r)
		if err != nil {
			return nil, err
		}
		return moved(rules[i], r), f.Change(r, certificate)
	})
}

func (x *HAProxy) removeRule(ctx context.Context, c Call) (api.HAProxyChanged, error) {
	return x.editRules(ctx, c, func(f *haproxy.File) (live, error) { return nil, f.Remove(c.Param("name")) })
}

// moved is the change of the running process that does what the change of a rule does, nil if that takes a reload: only
// the target's address may differ, and of an https rule, whose requests name the target, only its port.
func moved(before, after api.HAProxyRule) live {
	ip, err := netip.ParseAddr(after.TargetIP)
	if err != nil || after.RuleType == api.RuleHTTPS && after.TargetIP != before.TargetIP {
		return nil
	}
	port := after.TargetPort
	after.TargetIP, after.TargetPort = before.TargetIP, before.TargetPort
	if after != before {
		return nil
	}
	return func(s haproxy.Socket) error {
		return s.SetAddress("backend_"+after.RuleType+"_"+after.Name, "srv1", ip, port)
	}
}

// certificate is the file that an https rule shows.
func (x *HAProxy) certificate(r api.HAProxyRule) (string, error) {
	if r.RuleType != api.RuleHTTPS {
		return "", nil
	}
	if x.certs == nil {
		return "", invalid("cert_domain", "%s has no certificate here", r.CertDomain)
	}
	return x.certs.Combined(r.CertDomain)
}

// editRules changes rules in the file and brings it into effect.
func (x *HAProxy) editRules(ctx context.Context, c Call, edit func(*haproxy.File) (live, error)) (api.HAProxyChanged, error) {
	return x.applyChange(ctx, c, true, func(content []byte) ([]byte, live, error) {
		file, err := haproxy.Parse(content)
		if err != nil {
			return nil, nil, fail(api.CodeConflict, "the rules of %s cannot be changed: %v", haproxyConfig, wordsOf(err))
		}
		change, err := edit(file)
		var port *haproxy.PortError
		switch {
		case errors.As(err, &port):
			return nil, nil, api.FailField(api.CodeConflict, "listen_port", "port %d is taken by %s", port.Port, port.By)
		case errors.Is(err, haproxy.ErrExists):
			return nil, nil, api.FailField(api.CodeConflict, "name", "there is a rule of this name already")
		case errors.Is(err, haproxy.ErrByHand):
			return nil, nil, fail(api.CodeConflict, "the rule has been edited by hand: only its port and its target can be changed here, the rest in the configuration")
		case errors.Is(err, haproxy.ErrNoRule):
			return nil, nil, noRule(c.Param("name"))
		case err != nil:
			return nil, nil, err
		}
		return file.Bytes(), change, nil
	})
}

func (x *HAProxy) applyConfig(ctx context.Context, a api.HAProxyConfigApply, c Call) (api.HAProxyChanged, error) {
	if !x.trusts { // also to check it: Lua runs then, as root
		return api.HAProxyChanged{}, fail(api.CodeConflict, "a whole configuration can run programs and read files: the owner of this server allows that by exec:rw in AGENT_ALLOW")
	}
	if len(a.ConfigContent) == 0 || len(a.ConfigContent) > maxConfig {
		return api.HAProxyChanged{}, invalid("config_content", "must be 1 to %d bytes", maxConfig)
	}
	reload := a.ReloadAfter == nil || *a.ReloadAfter
	return x.applyChange(ctx, c, reload, func([]byte) ([]byte, live, error) { return []byte(a.ConfigContent), nil, nil })
}

// regenerate writes the base anew, with what stands between the markers unless ?preserve_rules=false.
func (x *HAProxy) regenerate(ctx context.Context, c Call) (api.HAProxyChanged, error) {
	preserve := c.Query.Get("preserve_rules") != "false"
	return x.applyChange(ctx, c, true, func(content []byte) ([]byte, live, error) {
		if !preserve {
			content = nil
		}
		file, err := haproxy.Parse(content)
		if err != nil {
			return nil, nil, fail(api.CodeConflict, "the rules of %s cannot be kept: %v", haproxyConfig, wordsOf(err))
		}
		return file.Rebase(x.base()), nil, nil
	})
}
