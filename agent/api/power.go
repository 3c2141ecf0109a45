package api

import (
	"context"
	"net/http"
	"strconv"
)

// PathPower is where a node is restarted, shut down, and its processes get signals.
const PathPower = "/v1/power"

// Actions of PowerRequest.
const (
	Reboot   = "reboot"
	Shutdown = "shutdown"
)

// PowerRequest asks to restart or stop the machine.
type PowerRequest struct {
	Action string `json:"action"` // reboot or shutdown
}

// Signals that a process can be sent, by name.
var Signals = []string{"TERM", "KILL", "HUP", "INT", "STOP", "CONT"}

// SignalRequest asks to send a signal to a process. Started is as Process has it: a later process with the same number
// is left alone.
type SignalRequest struct {
	Signal  string `json:"signal"`
	Started uint64 `json:"started"`
}

// Power restarts or stops the machine; the answer comes before that happens.
func (c *Client) Power(ctx context.Context, r PowerRequest) (Changed, error) {
	return call[Changed](ctx, c, http.MethodPost, PathPower+"/machine", r)
}

// Signal sends a signal to a process.
func (c *Client) Signal(ctx context.Context, pid int, r SignalRequest) (Changed, error) {
	return call[Changed](ctx, c, http.MethodPost, PathPower+"/processes/"+strconv.Itoa(pid)+"/signal", r)
}
