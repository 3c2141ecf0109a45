package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"
	"time"

	"monitoring/words"
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
	ConfigHash    string `json:"config_hash"`          // of the file; pass it as if_config to change only this very file
	OldProcesses  int    `json:"old_processes"`        // of before a reload, still holding connections
	StatusOutput  string `json:"status_output"`        // of systemctl status
	ServiceLogs   string `json:"service_logs"`         // last lines, when it does not run
	Installing    string `json:"installing,omitempty"` // the last line of apt, while it installs HAProxy
}

// Types of a rule.
const (
	RuleTCP   = "tcp"
	RuleHTTPS = "https"
)

// HAProxyRule forwards a port to a target.
type HAProxyRule struct {
	Name       string `json:"name"`
	RuleType   string `json:"rule_type"` // tcp or https
	ListenPort int    `json:"listen_port"`
	TargetIP   string `json:"target_ip"` // or a host name
	TargetPort int    `json:"target_port"`
	CertDomain string `json:"cert_domain,omitempty"` // needed for https
	TargetSSL  bool   `json:"target_ssl"`            // TLS to the target, whose certificate is not checked
	SendProxy  bool   `json:"send_proxy"`            // PROXY protocol to the target
	ByHand     bool   `json:"by_hand,omitempty"`     // somebody edited it: only port and target can be changed
}

// Check says which field is wrong, as a *Failure. Nothing that passes can be more than one word of a configuration.
func (r HAProxyRule) Check() error {
	switch {
	case !isRuleName(r.Name):
		return wrong("name", "must be 1 to 64 letters, digits, _ or -")
	case r.RuleType != RuleTCP && r.RuleType != RuleHTTPS:
		return wrong("rule_type", "must be tcp or https")
	case r.ListenPort < 1 || r.ListenPort > 65535:
		return wrong("listen_port", "must be a port from 1 to 65535")
	case r.TargetPort < 1 || r.TargetPort > 65535:
		return wrong("target_port", "must be a port from 1 to 65535")
	case !isAddress(r.TargetIP):
		return wrong("target_ip", "must be an IP address or a host name")
	case r.RuleType == RuleHTTPS && !IsDomain(r.CertDomain):
		return wrong("cert_domain", "must be the domain of a certificate, as in example.net")
	case r.RuleType == RuleTCP && (r.CertDomain != "" || r.TargetSSL):
		return wrong("rule_type", "must be https for a certificate or TLS to the target")
	}
	return nil
}

func wrong(field, what string) error { return InvalidField(field, what) }

func isRuleName(s string) bool {
	return len(s) >= 1 && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

func isAddress(s string) bool {
	ip, err := netip.ParseAddr(s)
	return err == nil && ip.Zone() == "" && !ip.Is4In6() || err != nil && IsDomain(s) && strings.Trim(s, "0123456789.") != ""
}

// IsDomain reports whether s can be a host name: labels of letters, digits and inner hyphens.
func IsDomain(s string) bool {
	if len(s) == 0 || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			return false
		}
	}
	return true
}

// HAProxyRules lists the rules between the markers of the configuration.
type HAProxyRules struct {
	Count        int             `json:"count"`
	Rules        []HAProxyRule   `json:"rules"`
	Foreign      int             `json:"foreign"`                 // frontends that somebody else wrote
	Problem      string          `json:"problem,omitempty"`       // why the rules cannot be changed: the markers leave a doubt
	ProblemWords *words.Sentence `json:"problem_words,omitempty"` // Problem for a UI, which translates it
	ConfigHash   string          `json:"config_hash"`
}

// HAProxyRuleUpdate changes the fields that are not nil.
type HAProxyRuleUpdate struct {
	RuleType   *string `json:"rule_type,omitempty"`
	ListenPort *int    `json:"listen_port,omitempty"`
	TargetIP   *string `json:"target_ip,omitempty"`
	TargetPort *int    `json:"target_port,omitempty"`
	CertDomain *string `json:"cert_domain,omitempty"`
	TargetSSL  *bool   `json:"target_ssl,omitempty"`
	SendProxy  *bool   `json:"send_proxy,omitempty"`
}

// Apply returns r with the update.
func (u HAProxyRuleUpdate) Apply(r HAProxyRule) HAProxyRule {
	set(&r.RuleType, u.RuleType)
	set(&r.ListenPort, u.ListenPort)
	set(&r.TargetIP, u.TargetIP)
	set(&r.TargetPort, u.TargetPort)
	set(&r.CertDomain, u.CertDomain)
	set(&r.TargetSSL, u.TargetSSL)
	set(&r.SendProxy, u.SendProxy)
	if r.RuleType == RuleTCP {
		r.CertDomain, r.TargetSSL = "", false
	}
	return r
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// HAProxyChanged answers a change of the configuration.
type HAProxyChanged struct {
	Changed
	ConfigValid bool   `json:"config_valid"`
	Reloaded    bool   `json:"reloaded"`
	Runtime     bool   `json:"runtime"`           // made in the running process, without a reload
	ConfigHash  string `json:"config_hash"`       // of the file as it is now
	Content     string `json:"content,omitempty"` // of a dry run: the file as it would be
}

// HAProxyConfig is the configuration file.
type HAProxyConfig struct {
	Content string `json:"content"`
	Path    string `json:"path"`
	Hash    string `json:"hash"`
}

// HashConfig is the hash of a configuration file.
func HashConfig(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// HAProxyConfigApply replaces the configuration file.
type HAProxyConfigApply struct {
	ConfigContent string `json:"config_content"`
	ReloadAfter   *bool  `json:"reload_after,omitempty"` // default: true
}

// Validation is the word of a subsystem's own checker.
type Validation struct {
	Valid   bool   `json:"valid"`
	Message string `json:"message"`
}

// Logs are the last lines of a service.
type Logs struct {
	Logs string `json:"logs"`
}

// HAProxyServerChange changes a server of a backend in the running process: it lasts until HAProxy is restarted.
type HAProxyServerChange struct {
	State   string `json:"state,omitempty"`   // ready, drain or maint
	Weight  *int   `json:"weight,omitempty"`  // 0 to 256
	Address string `json:"address,omitempty"` // an IP address
	Port    int    `json:"port,omitempty"`    // with an address
}

// HAProxyState is everything about HAProxy.
type HAProxyState struct {
	Status HAProxyStatus `json:"status"`
	Rules  HAProxyRules  `json:"rules"`
}

// HAProxyStats are the live statistics of the running process.
type HAProxyStats struct {
	CollectedAt    time.Time      `json:"collected_at"`
	Version        string         `json:"version"`
	UptimeSeconds  int64          `json:"uptime_seconds"`
	Connections    int64          `json:"connections"`
	MaxConnections int64          `json:"max_connections"`
	OldProcesses   int            `json:"old_processes"`
	Frontends      []HAProxyProxy `json:"frontends"`
	Backends       []HAProxyProxy `json:"backends"`
	Servers        []HAProxyProxy `json:"servers"`
}

// HAProxyProxy is a frontend, a backend, or a server of a backend. Counters begin at the last reload.
type HAProxyProxy struct {
	Proxy           string `json:"proxy"`
	Server          string `json:"server,omitempty"`
	Status          string `json:"status"` // OPEN, UP, DOWN, MAINT, DRAIN ...
	Sessions        int64  `json:"sessions"`
	SessionsMax     int64  `json:"sessions_max"`
	SessionsLimit   int64  `json:"sessions_limit"`
	SessionsTotal   int64  `json:"sessions_total"`
	SessionsPerSec  int64  `json:"sessions_per_sec"`
	Queue           int64  `json:"queue"`
	BytesIn         int64  `json:"bytes_in"`
	BytesOut        int64  `json:"bytes_out"`
	Errors          int64  `json:"errors"` // connections and answers that failed
	Denied          int64  `json:"denied"`
	Weight          int64  `json:"weight"`
	Address         string `json:"address,omitempty"`
	CheckStatus     string `json:"check_status,omitempty"` // as in L4OK
	CheckMillis     int64  `json:"check_millis"`
	LastChangeSec   int64  `json:"last_change_seconds"` // since the status changed
	DowntimeSeconds int64  `json:"downtime_seconds"`
}
