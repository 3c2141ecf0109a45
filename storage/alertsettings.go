package storage

import (
	"slices"
	"time"
)

// AlertSettings are the operator's triggers, under the names that clients of the predecessor know. Where messages go
// is NotifySettings' business.
type AlertSettings struct {
	Enabled           bool    `json:"enabled"`
	CheckInterval     int     `json:"check_interval"` // seconds
	AlertCooldown     int     `json:"alert_cooldown"` // seconds between two messages about the same server and type
	ExcludedServerIDs []int64 `json:"excluded_server_ids"`
	TelegramLinks     bool    `json:"telegram_links"` // messages carry a link, and with it the secret path
	WebhookLinks      bool    `json:"webhook_links"`

	OfflineEnabled           bool    `json:"offline_enabled"`
	OfflineFailThreshold     int     `json:"offline_fail_threshold"`
	OfflineRecoveryNotify    bool    `json:"offline_recovery_notify"`
	OfflineExcludedServerIDs []int64 `json:"offline_excluded_server_ids"`

	CPUEnabled           bool    `json:"cpu_enabled"`
	CPUCriticalThreshold float64 `json:"cpu_critical_threshold"`
	CPUSpikePercent      float64 `json:"cpu_spike_percent"`
	CPUSustainedSeconds  int     `json:"cpu_sustained_seconds"`
	CPUMinValue          float64 `json:"cpu_min_value"`
	CPUExcludedServerIDs []int64 `json:"cpu_excluded_server_ids"`

	RAMEnabled           bool    `json:"ram_enabled"`
	RAMCriticalThreshold float64 `json:"ram_critical_threshold"`
	RAMSpikePercent      float64 `json:"ram_spike_percent"`
	RAMSustainedSeconds  int     `json:"ram_sustained_seconds"`
	RAMMinValue          float64 `json:"ram_min_value"`
	RAMExcludedServerIDs []int64 `json:"ram_excluded_server_ids"`

	NetworkEnabled           bool    `json:"network_enabled"`
	NetworkSpikePercent      float64 `json:"network_spike_percent"`
	NetworkDropPercent       float64 `json:"network_drop_percent"`
	NetworkSustainedSeconds  int     `json:"network_sustained_seconds"`
	NetworkMinBytes          float64 `json:"network_min_bytes"`
	NetworkExcludedServerIDs []int64 `json:"network_excluded_server_ids"`

	TCPMinConnections float64 `json:"tcp_min_connections"`

	TCPEstablishedEnabled           bool    `json:"tcp_established_enabled"`
	TCPEstablishedSpikePercent      float64 `json:"tcp_established_spike_percent"`
	TCPEstablishedDropPercent       float64 `json:"tcp_established_drop_percent"`
	TCPEstablishedSustainedSeconds  int     `json:"tcp_established_sustained_seconds"`
	TCPEstablishedExcludedServerIDs []int64 `json:"tcp_established_excluded_server_ids"`

	TCPListenEnabled           bool    `json:"tcp_listen_enabled"`
	TCPListenSpikePercent      float64 `json:"tcp_listen_spike_percent"`
	TCPListenSustainedSeconds  int     `json:"tcp_listen_sustained_seconds"`
	TCPListenExcludedServerIDs []int64 `json:"tcp_listen_excluded_server_ids"`

	TCPTimeWaitEnabled           bool    `json:"tcp_timewait_enabled"`
	TCPTimeWaitSpikePercent      float64 `json:"tcp_timewait_spike_percent"`
	TCPTimeWaitSustainedSeconds  int     `json:"tcp_timewait_sustained_seconds"`
	TCPTimeWaitExcludedServerIDs []int64 `json:"tcp_timewait_excluded_server_ids"`

	TCPCloseWaitEnabled           bool    `json:"tcp_closewait_enabled"`
	TCPCloseWaitSpikePercent      float64 `json:"tcp_closewait_spike_percent"`
	TCPCloseWaitSustainedSeconds  int     `json:"tcp_closewait_sustained_seconds"`
	TCPCloseWaitExcludedServerIDs []int64 `json:"tcp_closewait_excluded_server_ids"`

	TCPSynSentEnabled           bool    `json:"tcp_synsent_enabled"`
	TCPSynSentSpikePercent      float64 `json:"tcp_synsent_spike_percent"`
	TCPSynSentSustainedSeconds  int     `json:"tcp_synsent_sustained_seconds"`
	TCPSynSentExcludedServerIDs []int64 `json:"tcp_synsent_excluded_server_ids"`

	TCPSynRecvEnabled           bool    `json:"tcp_synrecv_enabled"`
	TCPSynRecvSpikePercent      float64 `json:"tcp_synrecv_spike_percent"`
	TCPSynRecvSustainedSeconds  int     `json:"tcp_synrecv_sustained_seconds"`
	TCPSynRecvExcludedServerIDs []int64 `json:"tcp_synrecv_excluded_server_ids"`

	TCPFinWaitEnabled           bool    `json:"tcp_finwait_enabled"`
	TCPFinWaitSpikePercent      float64 `json:"tcp_finwait_spike_percent"`
	TCPFinWaitSustainedSeconds  int     `json:"tcp_finwait_sustained_seconds"`
	TCPFinWaitExcludedServerIDs []int64 `json:"tcp_finwait_excluded_server_ids"`

	LoadAvgEnabled           bool    `json:"load_avg_enabled"`
	LoadAvgThresholdOffset   float64 `json:"load_avg_threshold_offset"`
	LoadAvgSustainedChecks   int     `json:"load_avg_sustained_checks"`
	LoadAvgExcludedServerIDs []int64 `json:"load_avg_excluded_server_ids"`

	ConntrackEnabled           bool    `json:"conntrack_enabled"`
	ConntrackThreshold         float64 `json:"conntrack_threshold"`
	ConntrackExcludedServerIDs []int64 `json:"conntrack_excluded_server_ids"`
}

// DefaultAlertSettings are in force until the operator stores others.
func DefaultAlertSettings() AlertSettings {
	none := func() []int64 { return []int64{} }
	return AlertSettings{
		CheckInterval: 60, AlertCooldown: 1800, ExcludedServerIDs: none(), TelegramLinks: true,
		OfflineEnabled: true, OfflineFailThreshold: 3, OfflineRecoveryNotify: true, OfflineExcludedServerIDs: none(),
		CPUEnabled: true, CPUCriticalThreshold: 90, CPUSpikePercent: 40, CPUSustainedSeconds: 300, CPUMinValue: 10, CPUExcludedServerIDs: none(),
		RAMEnabled: true, RAMCriticalThreshold: 90, RAMSpikePercent: 30, RAMSustainedSeconds: 300, RAMMinValue: 10, RAMExcludedServerIDs: none(),
		NetworkEnabled: true, NetworkSpikePercent: 200, NetworkDropPercent: 80, NetworkSustainedSeconds: 300,
		NetworkMinBytes: 1 << 20, NetworkExcludedServerIDs: none(),
		TCPMinConnections:     100,
		TCPEstablishedEnabled: true, TCPEstablishedSpikePercent: 200, TCPEstablishedDropPercent: 80, TCPEstablishedSustainedSeconds: 300,
		TCPEstablishedExcludedServerIDs: none(),
		TCPListenSpikePercent:           150, TCPListenSustainedSeconds: 300, TCPListenExcludedServerIDs: none(),
		TCPTimeWaitSpikePercent: 300, TCPTimeWaitSustainedSeconds: 300, TCPTimeWaitExcludedServerIDs: none(),
		TCPCloseWaitEnabled: true, TCPCloseWaitSpikePercent: 200, TCPCloseWaitSustainedSeconds: 300, TCPCloseWaitExcludedServerIDs: none(),
		TCPSynSentSpikePercent: 200, TCPSynSentSustainedSeconds: 300, TCPSynSentExcludedServerIDs: none(),
		TCPSynRecvSpikePercent: 200, TCPSynRecvSustainedSeconds: 300, TCPSynRecvExcludedServerIDs: none(),
		TCPFinWaitSpikePercent: 200, TCPFinWaitSustainedSeconds: 300, TCPFinWaitExcludedServerIDs: none(),
		LoadAvgEnabled: true, LoadAvgThresholdOffset: 1, LoadAvgSustainedChecks: 3, LoadAvgExcludedServerIDs: none(),
		ConntrackEnabled: true, ConntrackThreshold: 80, ConntrackExcludedServerIDs: none(),
	}
}

// Trigger is one metric that the settings watch. A limit of 0 is not set.
type Trigger struct {
	Name      string // as the fields of the settings begin: cpu, tcp_closewait
	Enabled   bool
	Critical  float64 // value at or above it
	Above     float64 // value above it; of the load, above the processors plus it
	Spike     float64 // percent above the baseline
	Drop      float64 // percent below the baseline
	Floor     float64 // a spike must reach it, a drop must come from it
	Sustained time.Duration
	Excluded  []int64
}

// Names of triggers that need a treatment of their own.
const (
	TriggerOffline   = "offline"
	TriggerLoad      = "load_avg"
	TriggerConntrack = "conntrack"
)

// Triggers lists the metrics that the settings watch, offline not among them.
func (s AlertSettings) Triggers() []Trigger {
	seconds := func(n int) time.Duration { return time.Duration(n) * time.Second }
	tcp := func(name string, enabled bool, spike, drop float64, sustained int, excluded []int64) Trigger {
		return Trigger{Name: "tcp_" + name, Enabled: enabled, Spike: spike, Drop: drop, Floor: s.TCPMinConnections, Sustained: seconds(sustained), Excluded: excluded}
	}
	return []Trigger{
		{Name: "cpu", Enabled: s.CPUEnabled, Critical: s.CPUCriticalThreshold, Spike: s.CPUSpikePercent, Floor: s.CPUMinValue,
			Sustained: seconds(s.CPUSustainedSeconds), Excluded: s.CPUExcludedServerIDs},
		{Name: "ram", Enabled: s.RAMEnabled, Critical: s.RAMCriticalThreshold, Spike: s.RAMSpikePercent, Floor: s.RAMMinValue,
			Sustained: seconds(s.RAMSustainedSeconds), Excluded: s.RAMExcludedServerIDs},
		{Name: "network", Enabled: s.NetworkEnabled, Spike: s.NetworkSpikePercent, Drop: s.NetworkDropPercent, Floor: s.NetworkMinBytes,
			Sustained: seconds(s.NetworkSustainedSeconds), Excluded: s.NetworkExcludedServerIDs},
		tcp("established", s.TCPEstablishedEnabled, s.TCPEstablishedSpikePercent, s.TCPEstablishedDropPercent, s.TCPEstablishedSustainedSeconds, s.TCPEstablishedExcludedServerIDs),
		tcp("listen", s.TCPListenEnabled, s.TCPListenSpikePercent, 0, s.TCPListenSustainedSeconds, s.TCPListenExcludedServerIDs),
		tcp("timewait", s.TCPTimeWaitEnabled, s.TCPTimeWaitSpikePercent, 0, s.TCPTimeWaitSustainedSeconds, s.TCPTimeWaitExcludedServerIDs),
		tcp("closewait", s.TCPCloseWaitEnabled, s.TCPCloseWaitSpikePercent, 0, s.TCPCloseWaitSustainedSeconds, s.TCPCloseWaitExcludedServerIDs),
		tcp("synsent", s.TCPSynSentEnabled, s.TCPSynSentSpikePercent, 0, s.TCPSynSentSustainedSeconds, s.TCPSynSentExcludedServerIDs),
		tcp("synrecv", s.TCPSynRecvEnabled, s.TCPSynRecvSpikePercent, 0, s.TCPSynRecvSustainedSeconds, s.TCPSynRecvExcludedServerIDs),
		tcp("finwait", s.TCPFinWaitEnabled, s.TCPFinWaitSpikePercent, 0, s.TCPFinWaitSustainedSeconds, s.TCPFinWaitExcludedServerIDs),
		{Name: TriggerLoad, Enabled: s.LoadAvgEnabled, Above: s.LoadAvgThresholdOffset,
			Sustained: seconds(max(s.LoadAvgSustainedChecks-1, 0) * s.CheckInterval), Excluded: s.LoadAvgExcludedServerIDs},
		{Name: TriggerConntrack, Enabled: s.ConntrackEnabled, Critical: s.ConntrackThreshold, Excluded: s.ConntrackExcludedServerIDs},
	}
}

// Offline returns the trigger of servers that do not answer.
func (s AlertSettings) Offline() Trigger {
	return Trigger{Name: TriggerOffline, Enabled: s.OfflineEnabled, Critical: float64(s.OfflineFailThreshold), Excluded: s.OfflineExcludedServerIDs}
}

// Watches reports whether the trigger is on and looks at a server, whose exclusion from everything comes on top.
func (t Trigger) Watches(id int64) bool { return t.Enabled && !slices.Contains(t.Excluded, id) }
