package storage

import (
	"slices"
	"strings"
	"time"
)

// Alert is what a rule holds against one label set: pending, firing, or over and not told yet.
type Alert struct {
	ID          int64
	Rule        string // file;group;name
	Fingerprint string // of Labels
	Alertname   string
	Severity    string
	ServerID    *int64 // the server that it is about, if it is about one
	Labels      map[string]string
	Annotations map[string]string
	Details     AlertDetails
	ActiveAt    time.Time
	FiredAt     *time.Time
	ResolvedAt  *time.Time
	ToldAt      *time.Time // when a person was last told
	HistoryID   *int64
}

// AlertDetails are the numbers behind an alert; a field that does not apply is left out.
type AlertDetails struct {
	Current      *float64 `json:"current,omitempty"`
	Threshold    *float64 `json:"threshold,omitempty"`
	EMA          *float64 `json:"ema,omitempty"`
	DeviationPct *float64 `json:"deviation_pct,omitempty"`
	FailCount    *int     `json:"fail_count,omitempty"`
}

// AlertRecovery is the type of the line that tells of the return of a server: news without a duration.
const AlertRecovery = "recovery"

// AlertRecord is one line of the history.
type AlertRecord struct {
	ID          int64
	ServerID    *int64
	ServerName  string
	AlertType   string
	Severity    string
	Message     string // in the language of messages
	MessageEn   string
	MessageRu   string
	Details     AlertDetails
	Fingerprint string
	CreatedAt   time.Time
	EndedAt     *time.Time
	ToldAt      *time.Time
}

// AlertHistoryFilter narrows the history; a zero field does not.
type AlertHistoryFilter struct {
	ServerID  int64
	AlertType string
	Limit     int
	Offset    int
}

// AlertDay counts the history of one day of UTC.
type AlertDay struct {
	Day      string `json:"day"` // 2026-11-26
	Critical int    `json:"critical"`
	Warning  int    `json:"warning"`
	Info     int    `json:"info"`
}

// Baseline is the exponential moving average of one metric of one server.
type Baseline struct {
	EMA     float64 `json:"ema"`
	Samples int     `json:"samples"`
	Written bool    `json:"written"` // its series go on, so that their end has to be marked
}

// AlertChecks is what the checks of the alert settings remember of a server.
type AlertChecks struct {
	ServerID int64
	State    AlertCheckState
}

// AlertCheckState is the content of AlertChecks.
type AlertCheckState struct {
	Failed    int                 `json:"failed"`  // checks in a row
	Watched   bool                `json:"watched"` // the series of failed checks goes on
	Baselines map[string]Baseline `json:"baselines"`
}

// Limits of a silence.
const (
	MaxSilenceReason   = 500
	MaxSilenceMatchers = 20
	MaxSilenceServers  = 10_000
	maxSilence         = 366 * 24 * time.Hour
)

// Matcher compares one label of an alert, as Alertmanager's matchers do.
type Matcher struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"is_regex"`
	IsEqual bool   `json:"is_equal"`
}

// Silence keeps quiet about alerts: those of the named servers, if there are any, whose labels all matchers accept. A
// server in maintenance is a silence without matchers.
type Silence struct {
	ID        int64     `json:"id"`
	ServerIDs []int64   `json:"server_ids"`
	Matchers  []Matcher `json:"matchers"`
	Reason    string    `json:"reason"`
	CreatedAt time.Time `json:"created_at"`
	EndsAt    time.Time `json:"ends_at"`
}

// Validate reports the first field that cannot be stored.
func (s Silence) Validate(now time.Time) error {
	switch {
	case len(s.ServerIDs) == 0 && len(s.Matchers) == 0:
		return Invalid("server_ids", "name servers or give matchers: a silence over everything is the switch in the settings")
	case len(s.ServerIDs) > MaxSilenceServers:
		return Invalid("server_ids", "name at most %d servers", MaxSilenceServers)
	case len(s.Matchers) > MaxSilenceMatchers:
		return Invalid("matchers", "give at most %d matchers", MaxSilenceMatchers)
	case strings.TrimSpace(s.Reason) == "" || len([]rune(s.Reason)) > MaxSilenceReason:
		return Invalid("reason", "say in 1 to 500 characters why")
	case !s.EndsAt.After(now):
		return Invalid("ends_at", "give a time in the future")
	case s.EndsAt.Sub(now) > maxSilence:
		return Invalid("ends_at", "give a time within a year")
	case slices.ContainsFunc(s.Matchers, func(m Matcher) bool { return m.Name == "" || len(m.Name) > 200 || len(m.Value) > 1000 }):
		return Invalid("matchers", "each matcher needs the name of a label, of at most 200 bytes, and a value of at most 1000")
	}
	return nil
}
