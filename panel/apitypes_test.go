package main

import (
	"monitoring/agent/api"
	"monitoring/dashboards"
	"monitoring/panel/auth"
	"monitoring/panel/events"
	"monitoring/panel/fleet"
	"monitoring/panel/metrics"
	"monitoring/panel/notify"
	"monitoring/panel/settings"
	"monitoring/panel/system"
)

// apiTypes are the bodies that the UI sends and reads; what their fields name comes along.
var apiTypes = []any{
	api.Metrics{}, api.Processes{}, dashboards.Page{},
	auth.AuditResponse{}, auth.BanStatus{}, auth.ChangePasswordRequest{}, auth.CheckResponse{}, auth.CreateTokenRequest{},
	auth.CreateTokenResponse{}, auth.LoginRequest{}, auth.SessionsResponse{}, auth.TokensResponse{},
	events.Hello{}, events.LiveBatch{},
	fleet.BulkRequest{}, fleet.BulkResponse{}, fleet.CreateServerRequest{}, fleet.CreateServerResponse{}, fleet.FoldersResponse{},
	fleet.InstallResponse{}, fleet.JoinStatus{}, fleet.ServerDetail{}, fleet.ServersResponse{}, fleet.TestResponse{},
	metrics.ChartResponse{}, metrics.SparklinesResponse{},
	notify.ChannelSettings{}, notify.ChannelsStatus{}, notify.UpdateChannelsRequest{},
	settings.ListResponse{},
	system.AddressResponse{}, system.HealthResponse{}, system.StatsResponse{}, system.VersionResponse{},
}
