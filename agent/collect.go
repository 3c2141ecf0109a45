package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"monitoring/agent/api"
)

// collection is what measures.
type collection struct {
	exposition http.Handler
	metrics    func(context.Context) (api.Metrics, error)
	processes  func(context.Context) (api.Processes, error)
	run        func(context.Context) error
}

func collect(config, *slog.Logger) (collection, error) {
	return collection{
		exposition: http.NotFoundHandler(),
		metrics: func(context.Context) (api.Metrics, error) {
			return api.Metrics{Timestamp: time.Now().UTC()}, nil
		},
		processes: func(context.Context) (api.Processes, error) {
			return api.Processes{CollectedAt: time.Now().UTC()}, nil
		},
		run: func(ctx context.Context) error { <-ctx.Done(); return nil },
	}, nil
}
