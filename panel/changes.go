package main

import (
	"context"

	"monitoring/panel/change"
	"monitoring/panel/haproxy"
	"monitoring/panel/operations"
)

// hashesOf tells what the things that changes are made to were like when the panel last saw them.
func hashesOf(h *haproxy.Service) func(server int64, of string) string {
	return func(server int64, of string) string {
		switch of {
		case change.OfConfig:
			return h.ConfigHash(server)
		case change.OfFirewall:
			return h.FirewallHash(server)
		}
		return ""
	}
}

// laterBy has servers get a change when they are back.
func laterBy(o *operations.Service) func(context.Context, []int64, change.Change) error {
	return func(ctx context.Context, servers []int64, c change.Change) error {
		_, err := o.Queue(ctx, servers, c, 0)
		return err
	}
}
