package main

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"monitoring/panel/config"
	"monitoring/panel/rest"
)

// serve answers requests and runs the loops until ctx is done or one of them fails.
func (a *app) serve(ctx context.Context, listener net.Listener, cfg config.Config, log *slog.Logger) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, loop := range a.loops {
		g.Go(func() error { return loop(ctx) })
	}
	server := rest.NewServer(a.handler, log)
	server.BaseContext = func(net.Listener) context.Context { return ctx } // event streams end with the panel
	if cfg.TLS == config.TLSFiles {
		tlsConfig, err := certificateFiles(cfg.TLSCert, cfg.TLSKey)
		if err != nil {
			return err
		}
		server.TLSConfig = tlsConfig
		listener = rest.TLSGate(listener)
		g.Go(func() error { return ignoreClosed(server.ServeTLS(listener, "", "")) })
	} else {
		g.Go(func() error { return ignoreClosed(server.Serve(listener)) })
	}
	g.Go(func() error {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(grace); err != nil {
			return server.Close()
		}
		return nil
	})
	log.Info("panel is up", "listen", listener.Addr().String(), "tls", cfg.TLS, "version", version,
		"secrets", filepath.Join(cfg.DataDir, config.SecretsFile), "ca", filepath.Join(cfg.DataDir, "ca"))
	return g.Wait()
}
