package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"monitoring/dashboards"
	"monitoring/panel/alerts"
	"monitoring/panel/auth"
	"monitoring/panel/billing"
	"monitoring/panel/bulk"
	"monitoring/panel/config"
	"monitoring/panel/events"
	"monitoring/panel/firewall"
	"monitoring/panel/fleet"
	"monitoring/panel/haproxy"
	"monitoring/panel/metrics"
	"monitoring/panel/notify"
	"monitoring/panel/operations"
	"monitoring/panel/outbound"
	"monitoring/panel/power"
	"monitoring/panel/promapi"
	"monitoring/panel/rest"
	"monitoring/panel/scrape"
	"monitoring/panel/settings"
	"monitoring/panel/sql"
	"monitoring/panel/system"
	"monitoring/panel/terminal"
	"monitoring/panel/traffic"
	"monitoring/panel/web"
	"monitoring/storage"
	"monitoring/storage/clickhouse"
	"monitoring/storage/postgres"
	"monitoring/storage/tsdb"
)

// runPanel opens the stores, builds the features, starts the loops and serves until ctx is done. Deferred closes run
// after every loop has ended, so each writer stops before its store.
func runPanel(ctx context.Context, p program) error {
	if err := tune(p.getenv); err != nil {
		return err
	}
	cfg, err := config.Load(p.getenv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: cfg.LogLevel}))
	unlock, err := lockDataDir(cfg.DataDir)
	if err != nil {
		return err
	}
	defer unlock()
	made, err := cfg.LoadSecrets()
	if err != nil {
		return err
	}
	if made {
		log.Info("made secrets", "file", filepath.Join(cfg.DataDir, config.SecretsFile))
	}

	listener, err := net.Listen("tcp", cfg.Listen) // early: a taken port is the commonest mistake
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer listener.Close()

	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	pg, child, err := openPostgres(ctx, cfg, log, false)
	if err != nil {
		return err
	}
	if child != nil {
		defer child.Close()
	}
	defer pg.Close()
	probe, err := probeCommand()
	if err != nil {
		return err
	}
	db, err := tsdb.Open(tsdb.Options{
		Dir:           filepath.Join(cfg.DataDir, "tsdb"),
		MemoryBytes:   cfg.TSDBMemoryMB << 20,
		Retention:     tsdb.Retention{Raw: cfg.RawRetention, FiveMinutes: cfg.FiveMinutesRetention, Hour: cfg.HourRetention},
		RollupExclude: cfg.RollupExclude,
		MaxBytes:      uint64(cfg.TSDBMaxGB) << 30,
		Probe:         probe,
		Log:           log, Registerer: registry,
	})
	if err != nil {
		return fmt.Errorf("open tsdb: %w", err)
	}
	defer db.Close()

	visits, err := clickhouse.Open(clickhouse.Options{
		DSN: storage.Secret(cfg.ClickHouseDSN), Dir: filepath.Join(cfg.DataDir, "clickhouse"), QueueBytes: int64(cfg.VisitsQueueMB) << 20,
		Embedded: clickhouse.EmbeddedOptions{
			Program: cfg.ClickHouseEngine, Library: cfg.ClickHouseLibrary, Listen: cfg.ClickHouseListen,
			ReaderPassword: storage.Secret(cfg.ClickHousePassword), MemoryBytes: int64(cfg.ClickHouseMemoryMB) << 20,
		},
		Log: log, Registerer: registry,
	})
	if err != nil {
		return fmt.Errorf("open clickhouse: %w", err)
	}
	defer visits.Close()

	a, err := build(ctx, cfg, log, registry, pg, child, db, visits)
	if err != nil {
		return err
	}
	if p.ready != nil {
		p.ready(a, listener.Addr())
	}
	return a.serve(ctx, listener, cfg, log)
}

// app is the set of features, ready to run.
type app struct {
	mux     *rest.Mux
	handler http.Handler
	loops   []func(context.Context) error
}

// build makes every feature and connects those that need something of another.
func build(ctx context.Context, cfg config.Config, log *slog.Logger, registry *prometheus.Registry,
	pg *postgres.Store, child *postgres.Child, db *tsdb.DB, visits *clickhouse.Store) (*app, error) {

	settingsService, err := settings.New(ctx, pg, log)
	if err != nil {
		return nil, err
	}
	authService, err := auth.New(ctx, auth.Options{
		Store: pg, Log: log, Registerer: registry,
		UID: cfg.UID, Password: cfg.Password, JWTSecret: cfg.JWTSecret, JWTExpire: cfg.SessionLifetime,
		MaxFailedAttempts: cfg.MaxFailedAttempts, BanDuration: cfg.BanDuration,
		TrustedProxies: cfg.TrustedProxies, Secure: strings.HasPrefix(cfg.PublicURL, "https://"),
	})
	if err != nil {
		return nil, err
	}
	fleetService, err := fleet.New(ctx, fleet.Options{
		Store: pg, Log: log, Registerer: registry, DataDir: cfg.DataDir,
		PublicURL: func() string { return cfg.PublicURL }, AgentBinaries: os.DirFS(cfg.AgentBinaries),
	})
	if err != nil {
		return nil, err
	}
	var alertsService *alerts.Service
	notifyService, err := notify.New(ctx, notify.Options{
		Store: pg, Log: log, Registerer: registry, Outbound: outbound.Policy{Allow: cfg.OutboundAllow},
		Alive: func() error { return alertsService.Alive() },
	})
	if err != nil {
		return nil, err
	}
	billingService, err := billing.New(ctx, billing.Options{Store: pg, Notify: notifyService, Log: log, Registerer: registry})
	if err != nil {
		return nil, err
	}
	hub := events.New(events.Options{Log: log, Registerer: registry, Fleet: fleetService, Version: version})
	scraper := scrape.New(scrape.Options{
		Fleet: fleetService, DB: db, Log: log, Registerer: registry, Self: registry, OnLive: hub.Live,
		Interval:         func() time.Duration { return settingsService.Seconds("metrics_collect_interval") },
		ServicesInterval: func() time.Duration { return settingsService.Seconds("haproxy_collect_interval") },
	})
	hub.SetLast(scraper.Last)
	fleetService.SetLast(scraper.Last)
	trafficService := traffic.New(traffic.Options{
		DB: db, Fleet: fleetService, Log: log, Period: func() int { return settingsService.Int("traffic_period") },
	})
	fleetService.SetTraffic(trafficService.Last)
	pages, err := dashboards.Load()
	if err != nil {
		return nil, err
	}
	systemService, err := system.New(system.Options{
		Fleet: fleetService, Store: pg, Child: child, TSDB: db, ClickHouse: visits, Log: log, Version: version, Domain: cfg.Domain, DataDir: cfg.DataDir,
		Scrape:   func() system.ScrapeStats { return system.ScrapeStats(scraper.Stats()) },
		Alerts:   func() system.AlertStats { return alertStats(alertsService.Stats()) },
		Messages: messageStats(notifyService),
	})
	if err != nil {
		return nil, err
	}
	registry.MustRegister(systemService)
	alertsService, err = alerts.New(ctx, alerts.Options{
		Store: pg, DB: db, Fleet: fleetService, Notify: notifyService, RulesDir: filepath.Join(cfg.DataDir, "rules"),
		Link: cfg.PublicURL + "/" + cfg.UID + "/", Log: log, Registerer: registry,
		ScrapeInterval: func() time.Duration { return settingsService.Seconds("metrics_collect_interval") },
	})
	if err != nil {
		return nil, err
	}
	haproxyService := haproxy.New(haproxy.Options{Fleet: fleetService, DB: db, Log: log,
		Interval: func() time.Duration { return settingsService.Seconds("haproxy_collect_interval") }})
	firewallService := firewall.New(firewall.Options{Fleet: fleetService, Log: log, Changed: func(id int64) {
		haproxyService.Expire(id)
		hub.Publish("firewall", struct{}{})
	}})
	operationsService := operations.New(operations.Options{Store: pg, Fleet: fleetService, Firewall: firewallService.Change,
		Hash: hashesOf(haproxyService), Changed: haproxyService.Expire, Log: log, Registerer: registry})
	bulkService, err := bulk.New(ctx, bulk.Options{Fleet: fleetService, Store: pg, Firewall: firewallService.Change, Log: log, Registerer: registry,
		Parallel: func() int { return settingsService.Int("bulk_parallel") }, Changed: haproxyService.Expire, Later: laterBy(operationsService)})
	if err != nil {
		return nil, err
	}
	features := features{
		auth: authService, fleet: fleetService, notify: notifyService, alerts: alertsService, billing: billingService, settings: settingsService, events: hub,
		metrics: metrics.New(metrics.Options{DB: db, Store: pg, Fleet: fleetService, Last: scraper.Last, Pages: pages, Log: log,
			Interval: func() time.Duration { return settingsService.Seconds("metrics_collect_interval") }}),
		terminal: terminal.New(terminal.Options{Fleet: fleetService, Log: log, Registerer: registry}),
		power:    power.New(fleetService),
		traffic:  trafficService,
		haproxy:  haproxyService, firewall: firewallService, bulk: bulkService, operations: operationsService,
		promapi:  promapi.New(promapi.Options{DB: db, Log: log, Version: version, Targets: targetsOf(scraper), RuleGroups: alertsService.RuleGroups}),
		sql:      sql.New(visits),
		system:   systemService,
		registry: registry,
	}
	mux := rest.NewMux(authService.Guard, log)
	routes(mux, features)
	page, err := web.Handler(web.Options{UID: cfg.UID, Nonce: auth.Nonce})
	if err != nil {
		return nil, err
	}
	a := &app{mux: mux, handler: authService.FrontDoor(mux, page)}
	a.loops = []func(context.Context) error{
		settingsService.Run, authService.Run, fleetService.Run, notifyService.Run, billingService.Run, db.Run, hub.Run, scraper.Run, features.system.Run,
		alertsService.Run, visits.Run, haproxyService.Run, bulkService.Run, operationsService.Run, trafficService.Run,
	}
	if child != nil {
		a.loops = append(a.loops, child.Run)
	}
	return a, nil
}

// targetsOf lists what is scraped for the Prometheus API.
func targetsOf(scraper *scrape.Scraper) func() []promapi.Target {
	return func() []promapi.Target {
		var out []promapi.Target
		for _, t := range scraper.Targets() {
			out = append(out, promapi.Target{
				Pool: t.Job, Address: t.Instance, Path: "/metrics?set=" + t.Set, Labels: t.Labels(),
				Scraped: t.Scraped, Took: t.Took, Err: t.Err, Interval: t.Interval, Timeout: t.Timeout,
			})
		}
		return out
	}
}

// openPostgres connects to the configured database, or starts the panel's own; with attach it shares the one that a
// running panel has started.
func openPostgres(ctx context.Context, cfg config.Config, log *slog.Logger, attach bool) (*postgres.Store, *postgres.Child, error) {
	dsn := cfg.PostgresDSN
	var child *postgres.Child
	if dsn == "" {
		var err error
		child, err = postgres.StartChild(ctx, postgres.ChildOptions{DataDir: filepath.Join(cfg.DataDir, "postgres"), Log: log, Attach: attach})
		if err != nil {
			return nil, nil, fmt.Errorf("start postgres: %w", err)
		}
		dsn = child.DSN()
	}
	store, err := postgres.Open(ctx, dsn, log)
	if err != nil {
		if child != nil {
			child.Close()
		}
		return nil, nil, fmt.Errorf("open postgres: %w", err)
	}
	return store, child, nil
}
