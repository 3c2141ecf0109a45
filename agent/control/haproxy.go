package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/haproxy"
	"monitoring/agent/host"
)

const (
	haproxyUnit   = "haproxy.service"
	haproxyBinary = "/usr/sbin/haproxy"
	haproxyConfig = "/etc/haproxy/haproxy.cfg"
	haproxyBackup = haproxyConfig + ".bak"

	statusAge     = 5 * time.Second // of a status that is answered again
	checkAge      = 5 * time.Minute // of the check of a file that has not changed; what it names may have
	checkInterval = time.Minute     // of the check that the metrics tell of
	stoppedLogs   = 20              // lines that explain why it does not run
	maxConfig     = 1 << 20         // bytes
	maxLogLines   = 5000
)

// HAProxy is the HAProxy of the machine: its service, its configuration, and the running process.
type HAProxy struct {
	host     *host.Host
	log      *slog.Logger
	stateDir string
	looks    bool   // by itself, for Collect
	trusts   bool   // the panel with a whole configuration
	certs    *Certs // knows the file of a domain

	config    sync.Mutex // held over a change of the file
	recovered bool       // what a killed agent left behind has been put right

	installing atomic.Pointer[aptOutput] // nil except while apt works

	mu       sync.Mutex
	status   api.HAProxyStatus
	statusAt time.Time
	checked  checkResult
}

// NewHAProxy returns the subsystem.
func NewHAProxy(o Options) *HAProxy {
	return &HAProxy{host: o.Host, log: o.Log, stateDir: o.StateDir, looks: o.mayLook(api.DomainHAProxy), trusts: o.trusts()}
}

// Name implements Subsystem.
func (x *HAProxy) Name() string { return "haproxy" }

// Domain implements Subsystem.
func (x *HAProxy) Domain() string { return api.DomainHAProxy }

// Inspect implements Subsystem.
func (x *HAProxy) Inspect(ctx context.Context) (any, error) {
	status, err := x.Status(ctx)
	if err != nil {
		return nil, err
	}
	rules, err := x.Rules()
	return api.HAProxyState{Status: status, Rules: rules}, err
}

// Actions implements Subsystem.
func (x *HAProxy) Actions() []Action {
	const del, post, put = http.MethodDelete, http.MethodPost, http.MethodPut
	apply := change(put, "/config", changeTimeout, x.applyConfig)
	apply.MaxBody = maxConfig + maxConfig/2 // it grows in JSON
	return []Action{
		look("/status", func(ctx context.Context, _ Call) (api.HAProxyStatus, error) { return x.Status(ctx) }),
		look("/stats", x.stats),
		look("/validate", x.validate),
		look("/logs", x.logs),
		look("/config", func(context.Context, Call) (api.HAProxyConfig, error) { return x.readConfig() }),
		look("/rules", func(context.Context, Call) (api.HAProxyRules, error) { return x.Rules() }),
		look("/rules/{name}", x.rule),
		change(post, "/rules", changeTimeout, x.addRule),
		change(put, "/rules/{name}", changeTimeout, x.updateRule),
		command(del, "/rules/{name}", changeTimeout, x.removeRule),
		apply,
		command(post, "/config/regenerate", changeTimeout, x.regenerate),
		change(post, "/servers/{backend}/{server}", 0, x.changeServer),
		command(post, "/install", installTimeout, x.install),
		command(post, "/start", changeTimeout, x.start),
		command(post, "/stop", changeTimeout, x.stop),
		command(post, "/restart", changeTimeout, x.restart),
		command(post, "/reload", changeTimeout, x.reloadService),
	}
}

// Run implements Subsystem: it puts back a configuration that a killed agent left unconfirmed, and keeps the check of
// the file fresh for Collect.
func (x *HAProxy) Run(ctx context.Context) error {
	t := time.NewTicker(checkInterval)
	defer t.Stop()
	for {
		limited, cancel := context.WithTimeout(ctx, checkInterval)
		if err := x.recover(limited); err != nil && ctx.Err() == nil {
			x.log.Error("put back the HAProxy configuration", "err", err)
		}
		if x.looks {
			if _, err := x.Status(limited); err != nil && ctx.Err() == nil {
				x.log.Warn("look at HAProxy", "err", err)
			}
		}
		cancel()
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func (x *HAProxy) installed() bool {
	_, err := x.host.Stat(haproxyBinary)
	return err == nil
}

// need says that there is no HAProxy.
func (x *HAProxy) need() error {
	if !x.installed() {
		return fail(api.CodeNotInstalled, "HAProxy is not installed on this machine: install it first")
	}
	return nil
}

// check runs HAProxy's own check of the file that is in place.
func (x *HAProxy) check(ctx context.Context) (valid bool, message string) {
	return x.run(ctx, host.Command{Args: []string{haproxyBinary, "-c", "-f", haproxyConfig}})
}

func (x *HAProxy) run(ctx context.Context, c host.Command) (ok bool, message string) {
	r, err := x.host.Run(ctx, c)
	message = strings.ReplaceAll(r.Output(), candidate, haproxyConfig)
	if message == "" && err != nil {
		message = err.Error()
	}
	return err == nil, message
}

func (x *HAProxy) validate(ctx context.Context, _ Call) (api.Validation, error) {
	if err := x.need(); err != nil {
		return api.Validation{}, err
	}
	valid, message := x.check(ctx)
	return api.Validation{Valid: valid, Message: message}, nil
}

func (x *HAProxy) logs(ctx context.Context, c Call) (api.Logs, error) {
	tail := 100
	if text := c.Query.Get("tail"); text != "" {
		var err error
		if tail, err = strconv.Atoi(text); err != nil || tail < 1 || tail > maxLogLines {
			return api.Logs{}, invalid("tail", "must be a number of lines from 1 to %d", maxLogLines)
		}
	}
	text, err := x.host.Journal(ctx, haproxyUnit, tail)
	return api.Logs{Logs: text}, err
}

func (x *HAProxy) readConfig() (api.HAProxyConfig, error) {
	content, err := x.host.ReadFile(haproxyConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return api.HAProxyConfig{}, fail(api.CodeNotFound, "there is no %s", haproxyConfig)
	}
	return api.HAProxyConfig{Content: string(content), Path: haproxyConfig, Hash: hash(content)}, err
}

func hash(content []byte) string { return api.HashConfig(content) }

// configuration returns the file, and the one that we would make where there is none.
func (x *HAProxy) configuration() (content []byte, exists bool, err error) {
	content, err = x.host.ReadFile(haproxyConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return []byte(x.base()), false, nil
	}
	return content, err == nil, err
}

// base is a configuration for relaying TCP at high speed.
func (x *HAProxy) base() string {
	owner := ""
	if users, err := fs.ReadFile(x.host.FS(), "etc/passwd"); err == nil && strings.Contains("\n"+string(users), "\nhaproxy:") {
		owner = "    user haproxy\n    group haproxy\n"
	}
	return `global
    stats socket /var/run/haproxy.sock mode 660 level admin expose-fd listeners
` + owner + `    tune.bufsize 32768
    tune.maxpollevents 1024
    tune.recv_enough 16384

defaults
    mode tcp
    timeout connect 5s
    timeout client 30m
    timeout server 30m
    timeout tunnel 2h
    timeout client-fin 5s
    timeout server-fin 5s
    option dontlognull
    option redispatch
    option tcp-smart-accept
    option tcp-smart-connect
    option splice-auto
    option clitcpka
    option srvtcpka
`
}

// Rules lists the rules of the configuration.
func (x *HAProxy) Rules() (api.HAProxyRules, error) {
	out := api.HAProxyRules{Rules: []api.HAProxyRule{}}
	content, err := x.host.ReadFile(haproxyConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return out, fmt.Errorf("read configuration: %w", err)
	}
	out.ConfigHash = hash(content)
	file, err := haproxy.Parse(content)
	if err != nil {
		said := wordsOf(err)
		out.Problem, out.ProblemWords = said.English, said.Translatable()
		return out, nil
	}
	out.Rules = append(out.Rules, file.Rules()...)
	out.Count, out.Foreign = len(out.Rules), file.Foreign()
	return out, nil
}
