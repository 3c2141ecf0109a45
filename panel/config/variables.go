package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// variable is one line of the reference that `panel -help` prints.
type variable struct {
	name, def, doc string
	secret         bool // may come from NAME_FILE, too
	set            func(c *Config, value string) error
}

// variables is every environment variable of the panel. Adding one is one entry here and one field in Config.
var variables = []variable{
	{"PANEL_LISTEN", "127.0.0.1:8080", "Address and port of the panel.", false, text(func(c *Config) *string { return &c.Listen })},
	{"PANEL_TLS", "off", "Who does TLS: off (loopback, or behind PANEL_TRUSTED_PROXIES), files, acme.", false, oneOf(func(c *Config) *string { return &c.TLS }, TLSOff, TLSFiles, TLSACME)},
	{"PANEL_TLS_CERT", "", "Certificate chain in PEM, for PANEL_TLS=files. Read again when it changes.", false, text(func(c *Config) *string { return &c.TLSCert })},
	{"PANEL_TLS_KEY", "", "Private key in PEM, for PANEL_TLS=files.", false, text(func(c *Config) *string { return &c.TLSKey })},
	{"DOMAIN", "", "Domain of the panel. Needed for PANEL_TLS=acme only.", false, text(func(c *Config) *string { return &c.Domain })},
	{"PANEL_URL", "", "Address that browsers and nodes reach, as in https://panel.example.net. Default: made from DOMAIN or PANEL_LISTEN.", false, setURL},
	{"PANEL_TRUSTED_PROXIES", "", "Comma-separated addresses or networks of proxies whose X-Forwarded-For is believed.", false, networks(func(c *Config) *[]netip.Prefix { return &c.TrustedProxies })},
	{"PANEL_DATA", "./data", "Directory of everything the panel keeps: secrets, CA, metrics, its own Postgres.", false, text(func(c *Config) *string { return &c.DataDir })},
	{"PANEL_AGENT_BINARIES", "./bin", "Directory with agent-linux-amd64 and agent-linux-arm64, served to joining nodes.", false, text(func(c *Config) *string { return &c.AgentBinaries })},
	{"PANEL_OUTBOUND_ALLOW", "", "Comma-separated private addresses or networks that webhooks, proxies and sources may live in, as in 10.0.0.0/8.", false, networks(func(c *Config) *[]netip.Prefix { return &c.OutboundAllow })},
	{"PANEL_LOG_LEVEL", "info", "debug, info, warn or error.", false, setLevel},
	{"PANEL_UID", "", "Secret path of the panel. Default: made at first start, kept in secrets.env.", true, setUID},
	{"PANEL_PASSWORD", "", "Password of the panel. Default: made at first start, kept in secrets.env. A password set in the UI wins.", true, text(func(c *Config) *string { return &c.Password })},
	{"JWT_SECRET", "", "Key that signs sessions, 32 characters or more. Default: made at first start, kept in secrets.env.", true, setJWTSecret},
	{"JWT_EXPIRE_MINUTES", "1440", "Lifetime of a session in minutes.", false, duration(func(c *Config) *time.Duration { return &c.SessionLifetime }, time.Minute, 5, 525600)},
	{"MAX_FAILED_ATTEMPTS", "5", "Wrong passwords before an address is banned.", false, number(func(c *Config) *int { return &c.MaxFailedAttempts }, 1, 1000)},
	{"BAN_DURATION_SECONDS", "900", "Length of a ban in seconds.", false, duration(func(c *Config) *time.Duration { return &c.BanDuration }, time.Second, 1, 31536000)},
	{"POSTGRES_DSN", "", "Connection string of Postgres 15 or newer. Default: the panel runs its own Postgres in PANEL_DATA.", true, text(func(c *Config) *string { return &c.PostgresDSN })},
	{"POSTGRES_HOST", "", "Host, or host:port, of Postgres, when POSTGRES_DSN is not set.", false, text(func(c *Config) *string { return &c.PostgresHost })},
	{"POSTGRES_USER", "panel", "User, with POSTGRES_HOST.", false, text(func(c *Config) *string { return &c.PostgresUser })},
	{"POSTGRES_PASSWORD", "", "Password, with POSTGRES_HOST.", true, text(func(c *Config) *string { return &c.PostgresPassword })},
	{"POSTGRES_DB", "panel", "Database, with POSTGRES_HOST.", false, text(func(c *Config) *string { return &c.PostgresDB })},
	{"CLICKHOUSE_DSN", "", "HTTP interface of a ClickHouse server for visits, as in http://user:password@host:8123/database. Default: the panel runs an embedded engine.", true, text(func(c *Config) *string { return &c.ClickHouseDSN })},
	{"PANEL_CLICKHOUSE_LISTEN", "", "Loopback address where SQL clients reach the embedded engine, as in 127.0.0.1:8123, as the user reader. Default: nowhere.", false, text(func(c *Config) *string { return &c.ClickHouseListen })},
	{"PANEL_CLICKHOUSE_PASSWORD", "", "Password of the embedded engine's user reader. Default: made at first start, kept in secrets.env.", true, text(func(c *Config) *string { return &c.ClickHousePassword })},
	{"PANEL_CLICKHOUSE_MEMORY_MB", "0", "Memory that the embedded engine may use, in MB. 0 takes 30 % of the machine's.", false, number(func(c *Config) *int { return &c.ClickHouseMemoryMB }, 0, 1<<20)},
	{"PANEL_CLICKHOUSE_LIBRARY", "", "Path of libchdb.so. Default: where `panel clickhouse install` puts it.", false, text(func(c *Config) *string { return &c.ClickHouseLibrary })},
	{"PANEL_CLICKHOUSE_ENGINE", "", "Path of the program clickhouse-engine. Default: beside the panel.", false, text(func(c *Config) *string { return &c.ClickHouseEngine })},
	{"PANEL_CLICKHOUSE_SOURCE", "", "URL or path of the npm package with libchdb that `panel clickhouse install` takes.", false, text(func(c *Config) *string { return &c.ClickHouseSource })},
	{"PANEL_VISITS_QUEUE_MB", "256", "Disk space for visits that wait while ClickHouse is away, in MB.", false, number(func(c *Config) *int { return &c.VisitsQueueMB }, 1, 1<<20)},
	{"PANEL_TSDB_MEMORY_MB", "128", "Memory for the caches of the metrics store, in MB.", false, number(func(c *Config) *int { return &c.TSDBMemoryMB }, 16, 65536)},
	{"PANEL_TSDB_MAX_GB", "0", "GB of disk that the metrics store may take; the finest samples of its oldest months are removed to keep it. 0: no limit.", false, number(func(c *Config) *int { return &c.TSDBMaxGB }, 0, 1000000)},
	{"PANEL_RETENTION_RAW_DAYS", "14", "Days that samples are kept as they were scraped.", false, duration(func(c *Config) *time.Duration { return &c.RawRetention }, 24*time.Hour, 1, 3650)},
	{"PANEL_RETENTION_5M_DAYS", "90", "Days that samples are kept in windows of five minutes.", false, duration(func(c *Config) *time.Duration { return &c.FiveMinutesRetention }, 24*time.Hour, 1, 3650)},
	{"PANEL_RETENTION_1H_DAYS", "730", "Days that samples are kept in windows of an hour.", false, duration(func(c *Config) *time.Duration { return &c.HourRetention }, 24*time.Hour, 365, 3650)},
	{"PANEL_ROLLUP_EXCLUDE", "go_*,process_*,promhttp_*,agent_collector_*,node_scrape_collector_*,scrape_*,node_interrupts_total,node_softirqs_*,node_schedstat_*", "Comma-separated metrics that are kept no longer than raw samples. A trailing * stands for any ending.", false, list(func(c *Config) *[]string { return &c.RollupExclude })},
}

func text(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error {
		*field(c) = strings.TrimSpace(v)
		return nil
	}
}

func list(field func(*Config) *[]string) func(*Config, string) error {
	return func(c *Config, v string) error {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				*field(c) = append(*field(c), part)
			}
		}
		return nil
	}
}

func oneOf(field func(*Config) *string, allowed ...string) func(*Config, string) error {
	return func(c *Config, v string) error {
		if slices.Contains(allowed, v) {
			*field(c) = v
			return nil
		}
		return fmt.Errorf("must be one of %s, not %q", strings.Join(allowed, ", "), v)
	}
}

func number(field func(*Config) *int, min, max int) func(*Config, string) error {
	return func(c *Config, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < min || n > max {
			return fmt.Errorf("must be a whole number from %d to %d, not %q", min, max, v)
		}
		*field(c) = n
		return nil
	}
}

func duration(field func(*Config) *time.Duration, unit time.Duration, min, max int) func(*Config, string) error {
	return func(c *Config, v string) error {
		var n int
		if err := number(func(*Config) *int { return &n }, min, max)(c, v); err != nil {
			return err
		}
		*field(c) = time.Duration(n) * unit
		return nil
	}
}

func setURL(c *Config, v string) error {
	if v == "" {
		return nil
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf("must be a scheme and a host without a path, as in https://panel.example.net, not %q", v)
	}
	c.PublicURL = u.Scheme + "://" + u.Host
	return nil
}

func networks(field func(*Config) *[]netip.Prefix) func(*Config, string) error {
	return func(c *Config, v string) error {
		list := field(c)
		for part := range strings.SplitSeq(v, ",") {
			part = strings.TrimSpace(part)
			if part == "" {
				continue
			}
			if addr, err := netip.ParseAddr(part); err == nil {
				*list = append(*list, netip.PrefixFrom(addr, addr.BitLen()))
				continue
			}
			p, err := netip.ParsePrefix(part)
			if err != nil {
				return fmt.Errorf("%q is neither an address nor a network", part)
			}
			*list = append(*list, p.Masked())
		}
		return nil
	}
}

func setLevel(c *Config, v string) error {
	if err := c.LogLevel.UnmarshalText([]byte(v)); err != nil {
		return fmt.Errorf("must be debug, info, warn or error, not %q", v)
	}
	return nil
}

var uidPattern = regexp.MustCompile(`\A[A-Za-z0-9_-]{8,64}\z`)

func setUID(c *Config, v string) error {
	if v != "" && !uidPattern.MatchString(v) {
		return errors.New("must be 8 to 64 letters, digits, - or _")
	}
	if v == "prometheus" || v == "clickhouse" || v == "api" {
		return errors.New("must not be the name of one of the panel's own paths")
	}
	c.UID = v
	return nil
}

func setJWTSecret(c *Config, v string) error {
	if v != "" && len(v) < 32 {
		return errors.New("must have at least 32 characters, as in: openssl rand -hex 32")
	}
	c.JWTSecret = v
	return nil
}
