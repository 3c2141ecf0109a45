package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"monitoring/panel/alerts"
	"monitoring/panel/auth"
	"monitoring/panel/billing"
	"monitoring/panel/bulk"
	"monitoring/panel/events"
	"monitoring/panel/firewall"
	"monitoring/panel/fleet"
	"monitoring/panel/haproxy"
	"monitoring/panel/metrics"
	"monitoring/panel/notify"
	"monitoring/panel/operations"
	"monitoring/panel/power"
	"monitoring/panel/promapi"
	"monitoring/panel/rest"
	"monitoring/panel/settings"
	"monitoring/panel/sql"
	"monitoring/panel/system"
	"monitoring/panel/terminal"
	"monitoring/panel/traffic"
)

// features are the parts of the panel that answer requests.
type features struct {
	auth       *auth.Service
	fleet      *fleet.Service
	notify     *notify.Service
	alerts     *alerts.Service
	billing    *billing.Service
	settings   *settings.Service
	events     *events.Hub
	metrics    *metrics.Service
	haproxy    *haproxy.Service
	firewall   *firewall.Service
	traffic    *traffic.Service
	promapi    *promapi.Service
	system     *system.Service
	sql        *sql.Service
	terminal   *terminal.Service
	power      *power.Service
	bulk       *bulk.Service
	operations *operations.Service
	registry   *prometheus.Registry
}

// routes says where each feature is mounted and what a caller needs. testdata/routes.golden shows the outcome.
func routes(m *rest.Mux, f features) {
	fleetAccess := rest.Access{Read: rest.FleetRead, Write: rest.FleetWrite}

	m.Mount("/api/auth", rest.Only(rest.Public), f.auth.PublicRoutes)
	m.Mount("/api/auth", rest.Only(rest.Session), f.auth.Routes)
	m.Mount("/api/tokens", rest.Only(rest.Session), f.auth.TokenRoutes)
	m.Mount("/api/audit", rest.Only(rest.Session), f.auth.AuditRoutes)
	m.Mount("/api/join", rest.Only(rest.Public), f.fleet.JoinRoutes)
	m.Mount("/api/servers", fleetAccess, f.fleet.Routes)
	m.Mount("/api/proxy/{id}", fleetAccess, f.metrics.Routes)
	// Commands, signals, switching off and whole configurations of HAProxy are for a person who is signed in: a stolen token for automation must neither be a
	// root shell on every node nor take the fleet down at once.
	m.Mount("/api/proxy/{id}/system", rest.Only(rest.Session), f.terminal.Routes)
	m.Mount("/api/proxy/{id}/terminal", rest.Only(rest.Session), f.terminal.TicketRoutes)
	m.Mount("/api/terminal", rest.Only(rest.Session), f.terminal.ShellRoutes)
	m.Mount("/api/proxy/{id}/power", rest.Only(rest.Session), f.power.Routes)
	m.Mount("/api/bulk", fleetAccess, f.bulk.Routes)
	m.Mount("/api/bulk/jobs/{id}", rest.Only(rest.Session), f.bulk.AgainRoutes)
	m.Mount("/api/bulk/terminal", rest.Only(rest.Session), f.bulk.CommandRoutes)
	m.Mount("/api/bulk/haproxy", rest.Only(rest.Session), f.bulk.ConfigRoutes)
	m.Mount("/api/operations", fleetAccess, f.operations.Routes)
	m.Mount("/api/proxy/{id}/haproxy", fleetAccess, f.haproxy.Routes)
	m.Mount("/api/proxy/{id}/haproxy", rest.Only(rest.Session), f.haproxy.ConfigRoutes)
	m.Mount("/api/proxy/{id}/haproxy/certs", fleetAccess, f.haproxy.CertRoutes)
	m.Mount("/api/proxy/{id}/haproxy/firewall", fleetAccess, f.firewall.Routes)
	m.Mount("/api/firewall", fleetAccess, f.firewall.FleetRoutes)
	m.Mount("/api/proxy/{id}/traffic", fleetAccess, f.traffic.Routes)
	m.Mount("/api/fleet", fleetAccess, f.metrics.FleetRoutes)
	m.Mount("/api/dashboards", fleetAccess, f.metrics.DashboardRoutes)
	m.Mount("/api/events", fleetAccess, f.events.Routes)
	m.Mount("/api/notify", rest.Only(rest.Session), f.notify.Routes)
	m.Mount("/api/alerts", rest.Only(rest.Session), f.alerts.Routes)
	m.Mount("/api/billing", rest.Only(rest.Session), f.billing.Routes)
	m.Mount("/api/settings", rest.Only(rest.Session), f.settings.Routes)
	m.Mount("/api/system", rest.Only(rest.Session), f.system.Routes)
	m.Mount("/prometheus/api/v1", rest.Only(rest.MetricsRead), f.promapi.Routes)
	m.Mount("/prometheus/federate", rest.Only(rest.MetricsRead), f.promapi.FederateRoutes)
	m.Mount("/clickhouse", rest.Only(rest.VisitsRead), f.sql.Routes)
	m.Mount("/metrics", rest.Only(rest.MetricsRead), ownMetrics(f.registry))
}
