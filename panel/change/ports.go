package change

import (
	"context"
	"slices"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/storage"
	"monitoring/words"
)

// Changes of counted ports.
const (
	KindTrafficPort       = "traffic_port_add"
	KindTrafficPortRemove = "traffic_port_remove"
)

const trafficTimeout = 30 * time.Second

var needTraffic = fleet.Need{Capability: "traffic", Domain: api.DomainTraffic, Write: true}

func checkPort(port int) error {
	if port < 1 || port > 65535 {
		return storage.Invalid("port", "give a port from 1 to 65535")
	}
	return nil
}

// TrafficPort counts the traffic of a port from now on.
type TrafficPort struct {
	Port int `json:"port"`
}

// Kind implements Change, and so do the methods below it.
func (c TrafficPort) Kind() string           { return KindTrafficPort }
func (c TrafficPort) Title() words.Sentence  { return words.Say("traffic: count port %d", c.Port) }
func (c TrafficPort) Need() fleet.Need       { return needTraffic }
func (c TrafficPort) Timeout() time.Duration { return trafficTimeout }
func (c TrafficPort) Validate() error        { return checkPort(c.Port) }

func (c TrafficPort) Apply(ctx context.Context, t Target) (Outcome, error) {
	_, err := t.Client.TrackPort(ctx, c.Port)
	return Outcome{Message: words.Say("port %d is counted", c.Port)}, err
}

// TrafficPortRemove stops counting a port.
type TrafficPortRemove struct {
	Port int `json:"port"`
}

// Kind implements Change, and so do the methods below it.
func (c TrafficPortRemove) Kind() string { return KindTrafficPortRemove }
func (c TrafficPortRemove) Title() words.Sentence {
	return words.Say("traffic: stop counting port %d", c.Port)
}
func (c TrafficPortRemove) Need() fleet.Need       { return needTraffic }
func (c TrafficPortRemove) Timeout() time.Duration { return trafficTimeout }
func (c TrafficPortRemove) Validate() error        { return checkPort(c.Port) }

// Apply says so when the port was not counted.
func (c TrafficPortRemove) Apply(ctx context.Context, t Target) (Outcome, error) {
	tracked, err := t.Client.TrackedPorts(ctx)
	if err != nil {
		return Outcome{}, err
	}
	if !slices.Contains(tracked.TrackedPorts, c.Port) {
		return Outcome{}, notThere("the traffic of port %d is not counted there", c.Port)
	}
	_, err = t.Client.UntrackPort(ctx, c.Port)
	return Outcome{Message: words.Say("port %d is no longer counted", c.Port)}, err
}
