package storage

import (
	"math"
	"slices"
)

const maxExcluded = 10_000

// Validate reports the first field that cannot be stored.
func (s AlertSettings) Validate() error {
	const forever, percent = 86400, 100_000
	for _, f := range []struct {
		field    string
		value    float64
		min, max float64
	}{
		{"check_interval", float64(s.CheckInterval), 10, 3600},
		{"alert_cooldown", float64(s.AlertCooldown), 0, 30 * 86400},
		{"offline_fail_threshold", float64(s.OfflineFailThreshold), 1, 100},
		{"cpu_critical_threshold", s.CPUCriticalThreshold, 1, 100},
		{"cpu_spike_percent", s.CPUSpikePercent, 1, percent},
		{"cpu_sustained_seconds", float64(s.CPUSustainedSeconds), 0, forever},
		{"cpu_min_value", s.CPUMinValue, 0, 100},
		{"ram_critical_threshold", s.RAMCriticalThreshold, 1, 100},
		{"ram_spike_percent", s.RAMSpikePercent, 1, percent},
		{"ram_sustained_seconds", float64(s.RAMSustainedSeconds), 0, forever},
		{"ram_min_value", s.RAMMinValue, 0, 100},
		{"network_spike_percent", s.NetworkSpikePercent, 1, percent},
		{"network_drop_percent", s.NetworkDropPercent, 1, 100},
		{"network_sustained_seconds", float64(s.NetworkSustainedSeconds), 0, forever},
		{"network_min_bytes", s.NetworkMinBytes, 0, 1 << 40},
		{"tcp_min_connections", s.TCPMinConnections, 0, 1 << 30},
		{"tcp_established_spike_percent", s.TCPEstablishedSpikePercent, 1, percent},
		{"tcp_established_drop_percent", s.TCPEstablishedDropPercent, 1, 100},
		{"tcp_established_sustained_seconds", float64(s.TCPEstablishedSustainedSeconds), 0, forever},
		{"tcp_listen_spike_percent", s.TCPListenSpikePercent, 1, percent},
		{"tcp_listen_sustained_seconds", float64(s.TCPListenSustainedSeconds), 0, forever},
		{"tcp_timewait_spike_percent", s.TCPTimeWaitSpikePercent, 1, percent},
		{"tcp_timewait_sustained_seconds", float64(s.TCPTimeWaitSustainedSeconds), 0, forever},
		{"tcp_closewait_spike_percent", s.TCPCloseWaitSpikePercent, 1, percent},
		{"tcp_closewait_sustained_seconds", float64(s.TCPCloseWaitSustainedSeconds), 0, forever},
		{"tcp_synsent_spike_percent", s.TCPSynSentSpikePercent, 1, percent},
		{"tcp_synsent_sustained_seconds", float64(s.TCPSynSentSustainedSeconds), 0, forever},
		{"tcp_synrecv_spike_percent", s.TCPSynRecvSpikePercent, 1, percent},
		{"tcp_synrecv_sustained_seconds", float64(s.TCPSynRecvSustainedSeconds), 0, forever},
		{"tcp_finwait_spike_percent", s.TCPFinWaitSpikePercent, 1, percent},
		{"tcp_finwait_sustained_seconds", float64(s.TCPFinWaitSustainedSeconds), 0, forever},
		{"load_avg_threshold_offset", s.LoadAvgThresholdOffset, -1000, 1000},
		{"load_avg_sustained_checks", float64(s.LoadAvgSustainedChecks), 1, 100},
		{"conntrack_threshold", s.ConntrackThreshold, 1, 100},
	} {
		if math.IsNaN(f.value) || f.value < f.min || f.value > f.max {
			return Invalid(f.field, "must be a number from %g to %g", f.min, f.max)
		}
	}
	lists := map[string][]int64{"excluded_server_ids": s.ExcludedServerIDs}
	for _, t := range append(s.Triggers(), s.Offline()) {
		lists[t.Name+"_excluded_server_ids"] = t.Excluded
	}
	for field, ids := range lists {
		if len(ids) > maxExcluded || slices.ContainsFunc(ids, func(id int64) bool { return id < 1 }) {
			return Invalid(field, "must be a list of at most %d ids of servers", maxExcluded)
		}
	}
	return nil
}
