package main

import (
	"monitoring/agent/api"
	"monitoring/dashboards"
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
	"monitoring/panel/settings"
	"monitoring/panel/system"
	"monitoring/panel/traffic"
	"monitoring/storage"
)

// apiTypes are the bodies that the UI sends and reads; what their fields name comes along.
var apiTypes = []any{
	api.Metrics{}, api.Processes{}, dashboards.Page{},
	api.Changed{}, api.HAProxyChanged{}, api.HAProxyConfig{}, api.HAProxyConfigApply{}, api.HAProxyRuleUpdate{}, api.HAProxyServerChange{}, api.HAProxyStats{},
	api.Logs{}, api.Validation{}, haproxy.AddRuleRequest{}, haproxy.CachedResponse{}, haproxy.LastHourResponse{}, haproxy.CertNamesResponse{}, haproxy.IssueCertRequest{}, haproxy.UploadCertRequest{},
	api.CertChanged{}, api.CertRenewal{},
	alerts.AlertSettingsBody{}, alerts.TestTelegramRequest{}, alerts.TestTelegramResponse{}, alerts.AlertsStatus{}, alerts.HistoryResponse{},
	alerts.HistoryDaysResponse{}, alerts.DeleteHistoryResponse{}, alerts.ActiveResponse{}, alerts.RuleGroupsResponse{}, alerts.SilencesResponse{},
	alerts.SilenceResponse{}, alerts.CreateSilenceRequest{}, alerts.BacktestRequest{}, alerts.BacktestResponse{}, storage.AlertDetails{},
	api.FirewallStatus{}, api.FirewallRules{}, firewall.PortRequest{}, firewall.RuleRequest{}, firewall.ChangeResponse{}, firewall.HeldResponse{},
	api.TrackedPorts{}, traffic.SummaryResponse{}, traffic.CachedTrafficResponse{}, traffic.HourlyResponse{}, traffic.DailyResponse{},
	traffic.MonthlyResponse{}, traffic.PortsResponse{}, traffic.InterfacesResponse{}, traffic.TrackPortRequest{},
	auth.AuditResponse{}, auth.BanStatus{}, auth.ChangePasswordRequest{}, auth.CheckResponse{}, auth.CreateTokenRequest{},
	auth.CreateTokenResponse{}, auth.LoginRequest{}, auth.SessionsResponse{}, auth.TokensResponse{},
	billing.BillsResponse{}, billing.BillResponse{}, billing.BillingSettingsResponse{}, billing.CreateBillRequest{}, billing.UpdateBillRequest{},
	billing.ExtendBillRequest{}, billing.TopUpBillRequest{}, billing.MoveBillsRequest{}, billing.MoveBillsResponse{},
	billing.RenameBillFolderRequest{}, billing.RenameBillFolderResponse{}, billing.DeleteBillFolderResponse{}, billing.UpdateBillingSettingsRequest{},
	bulk.JobsResponse{}, bulk.JobResponse{}, bulk.JobNews{}, bulk.LaterResponse{}, operations.OperationsResponse{}, operations.QueueRequest{},
	api.TerminalEnd{}, api.ExecError{},
	events.Hello{}, events.LiveBatch{},
	fleet.BulkRequest{}, fleet.BulkResponse{}, fleet.CreateServerRequest{}, fleet.CreateServerResponse{}, fleet.FoldersResponse{},
	fleet.InstallResponse{}, fleet.JoinStatus{}, fleet.ServerDetail{}, fleet.ServersResponse{}, fleet.TestResponse{},
	metrics.ChartResponse{}, metrics.SparklinesResponse{}, metrics.EventsResponse{},
	notify.ChannelSettings{}, notify.ChannelsStatus{}, notify.UpdateChannelsRequest{},
	settings.ListResponse{},
	system.AddressResponse{}, system.HealthResponse{}, system.StatsResponse{}, system.StorageResponse{}, system.VersionResponse{},
}
