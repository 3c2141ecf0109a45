package main

import (
	"context"

	"monitoring/panel/alerts"
	"monitoring/panel/notify"
	"monitoring/panel/system"
)

// alertStats is what the health page shows of the alerting.
func alertStats(st alerts.Stats) system.AlertStats {
	out := system.AlertStats{Rules: st.Rules, Late: st.Late, LateName: st.LateName}
	for _, f := range st.Failures {
		out.Failures = append(out.Failures, system.AlertFailure(f))
	}
	return out
}

// messageStats is what the health page shows of the delivery of messages.
func messageStats(n *notify.Service) func(context.Context) (system.MessageStats, error) {
	return func(ctx context.Context) (out system.MessageStats, err error) {
		out.Waiting, out.Oldest, out.LastError, err = n.Waiting(ctx)
		return out, err
	}
}
