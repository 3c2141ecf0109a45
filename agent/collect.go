package main

import (
	"context"
	"log/slog"
	"net/http"

	"monitoring/agent/api"
	"monitoring/agent/collector"
	"monitoring/agent/server"
)

// collection is what measures.
type collection struct {
	exposition http.Handler
	metrics    func(context.Context) (api.Metrics, error)
	processes  func(context.Context) (api.Processes, error)
	run        func(context.Context) error
}

func collect(cfg config, log *slog.Logger) (collection, error) {
	set, err := collector.New(collector.Options{Root: cfg.root, Version: version, Log: log})
	if err != nil {
		return collection{}, err
	}
	document := server.NewDocument(set, log)
	return collection{
		exposition: set.Handler(),
		metrics:    document.Metrics,
		processes:  document.Processes,
		run:        set.Run,
	}, nil
}
