// Program agent runs on every server: it measures the machine and answers the panel, and nobody else. It never dials
// out and does nothing that its owner has not allowed in AGENT_ALLOW.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"golang.org/x/sync/errgroup"

	"monitoring/agent/collector"
	"monitoring/agent/control"
	"monitoring/agent/host"
	"monitoring/agent/server"
)

// version is set by the linker from the file VERSION.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "-h", "-help", "--help", "help":
			help(stdout)
			return nil
		case "-version", "--version", "version":
			fmt.Fprintln(stdout, version)
			return nil
		case control.RevertArgument: // a timer of systemd says so, when nobody confirmed a change
			return revertFirewall(ctx, getenv, stderr)
		}
		return fmt.Errorf("there is no argument %q; agent -help lists what there is", args[0])
	}
	cfg, err := loadConfig(getenv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: cfg.logLevel}))
	tune(getenv)
	return serve(ctx, cfg, log)
}

// revertFirewall takes back a change of the firewall in the place of an agent that has died.
func revertFirewall(ctx context.Context, getenv func(string) string, stderr io.Writer) error {
	cfg, err := loadConfig(getenv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	return control.NewFirewall(control.Options{Host: host.New(cfg.root), StateDir: cfg.stateDir, Log: log}).Revert(ctx)
}

// tune trades a little CPU for memory: the agent shares its machine with what it watches. GOGC and GOMEMLIMIT win.
func tune(getenv func(string) string) {
	if getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1) // waking idle threads costs a third of a scrape, and there is nothing to do in parallel
	}
	if getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(64 << 20)
	}
}

// serve opens the listeners, builds the parts and runs them until ctx is done.
func serve(ctx context.Context, cfg config, log *slog.Logger) error {
	listener, err := net.Listen("tcp", cfg.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer listener.Close()
	set, err := collector.New(collector.Options{Root: cfg.root, Version: version, Log: log})
	if err != nil {
		return err
	}
	document := server.NewDocument(set, log)
	hostName, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("read host name: %w", err)
	}
	subsystems := control.All(control.Options{Host: set.Host(), StateDir: cfg.stateDir, ACME: cfg.acme, Permits: cfg.allow.Permits, Log: log})
	for _, sub := range subsystems {
		if m, ok := sub.(control.Measured); ok {
			set.Also(collector.Family{Name: sub.Name() + "_control", Set: collector.SetServices, Collect: m.Collect})
		}
	}
	srv, err := server.New(server.Options{
		StateDir: cfg.stateDir, Token: cfg.token, TrustedCA: cfg.trustedCA, Allow: cfg.allow,
		Version: version, HostName: hostName, Log: log,
		Exposition: set.Handler(), Metrics: document.Metrics, Processes: document.Processes, Control: subsystems,
	})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	if cfg.localMetrics != "" {
		local, err := net.Listen("tcp", cfg.localMetrics)
		if err != nil {
			return fmt.Errorf("listen for AGENT_LOCAL_METRICS: %w", err)
		}
		defer local.Close()
		g.Go(func() error { return srv.ServeLocal(ctx, local) })
	}
	g.Go(func() error { return set.Run(ctx) })
	for _, sub := range subsystems {
		g.Go(func() error { return sub.Run(ctx) })
	}
	g.Go(func() error { return srv.Serve(ctx, listener) })
	log.Info("agent is up", "listen", listener.Addr().String(), "version", version, "agent", srv.AgentID(),
		"joined", srv.Joined(), "allow", cfg.allow.String())
	return g.Wait()
}
