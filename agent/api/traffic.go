package api

import (
	"context"
	"net/http"
)

// PathTraffic is where the accounting of a node's ports is.
const PathTraffic = "/v1/traffic"

// MaxTrackedPorts bounds how many ports a node counts: each is two time series.
const MaxTrackedPorts = 256

// TrackedPorts is the ports whose traffic a node counts, ascending.
type TrackedPorts struct {
	TrackedPorts []int `json:"tracked_ports"`
}

// PortRequest names one port.
type PortRequest struct {
	Port int `json:"port"`
}

// TrackedPorts asks for the ports.
func (c *Client) TrackedPorts(ctx context.Context) (TrackedPorts, error) {
	return call[TrackedPorts](ctx, c, http.MethodGet, PathTraffic, nil)
}

// TrackPort adds a port; one that is counted already is no error.
func (c *Client) TrackPort(ctx context.Context, port int) (TrackedPorts, error) {
	return call[TrackedPorts](ctx, c, http.MethodPost, PathTraffic+"/ports/add", PortRequest{port})
}

// UntrackPort removes a port; one that is not counted is no error.
func (c *Client) UntrackPort(ctx context.Context, port int) (TrackedPorts, error) {
	return call[TrackedPorts](ctx, c, http.MethodPost, PathTraffic+"/ports/remove", PortRequest{port})
}
