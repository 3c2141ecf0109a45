package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/host"
)

// healInterval is how soon counting goes on after somebody has flushed all of nftables.
const healInterval = time.Minute

// Traffic makes the kernel count the bytes of single ports. The list is on disk, so that it is the same after a boot;
// the counters are the kernel's, so that an agent that restarts loses nothing. The metrics page shows them.
type Traffic struct {
	host *host.Host
	dir  string
	log  *slog.Logger

	mu     sync.Mutex
	ports  []uint16 // ascending
	loaded bool
}

// NewTraffic keeps the list in the agent's directory.
func NewTraffic(o Options) *Traffic { return &Traffic{host: o.Host, dir: o.StateDir, log: o.Log} }

// Name implements Subsystem.
func (x *Traffic) Name() string { return "traffic" }

// Domain implements Subsystem.
func (x *Traffic) Domain() string { return api.DomainTraffic }

// Inspect implements Subsystem.
func (x *Traffic) Inspect(context.Context) (any, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.load(); err != nil {
		return nil, err
	}
	return x.answer(), nil
}

// Actions implements Subsystem.
func (x *Traffic) Actions() []Action {
	return []Action{
		change(http.MethodPost, "/ports/add", 0, func(_ context.Context, q api.PortRequest, _ Call) (api.TrackedPorts, error) {
			return x.set(q.Port, true)
		}),
		change(http.MethodPost, "/ports/remove", 0, func(_ context.Context, q api.PortRequest, _ Call) (api.TrackedPorts, error) {
			return x.set(q.Port, false)
		}),
	}
}

// Run counts what is on the list, and does so again when somebody has removed the counters.
func (x *Traffic) Run(ctx context.Context) error {
	t := time.NewTicker(healInterval)
	defer t.Stop()
	failing := false
	for {
		err := x.RunOnce(ctx)
		if err != nil && !failing { // a kernel that lacks something lacks it the next minute, too
			x.log.Warn("count traffic of ports", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// RunOnce makes the kernel count what is on the list. An agent that never had one leaves the kernel alone.
func (x *Traffic) RunOnce(context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.load(); err != nil {
		return err
	}
	if len(x.ports) == 0 {
		return nil
	}
	return x.host.CountPorts(x.ports)
}

// set adds or removes a port. What the kernel cannot count does not come on the list.
func (x *Traffic) set(port int, tracked bool) (api.TrackedPorts, error) {
	if port < 1 || port > 65535 {
		return api.TrackedPorts{}, invalid("port", "must be from 1 to 65535")
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.load(); err != nil {
		return api.TrackedPorts{}, err
	}
	ports := slices.DeleteFunc(slices.Clone(x.ports), func(p uint16) bool { return p == uint16(port) })
	if tracked {
		ports = append(ports, uint16(port))
		slices.Sort(ports)
	}
	if len(ports) > api.MaxTrackedPorts {
		return api.TrackedPorts{}, fail(api.CodeConflict, "a server counts at most %d ports: remove one first", api.MaxTrackedPorts)
	}
	if err := x.host.CountPorts(ports); err != nil {
		return api.TrackedPorts{}, fail(api.CodeRefused, "the kernel of this server cannot count ports (it takes nf_tables and Linux 5.7): %v", err)
	}
	if err := x.save(ports); err != nil {
		return api.TrackedPorts{}, errors.Join(err, x.host.CountPorts(x.ports))
	}
	x.ports = ports
	return x.answer(), nil
}

func (x *Traffic) answer() api.TrackedPorts {
	a := api.TrackedPorts{TrackedPorts: []int{}}
	for _, p := range x.ports {
		a.TrackedPorts = append(a.TrackedPorts, int(p))
	}
	return a
}

// The list on disk.

type trafficList struct {
	Ports []uint16 `json:"ports"`
}

func (x *Traffic) file() string { return x.dir + "/traffic.json" }

func (x *Traffic) load() error {
	if x.loaded {
		return nil
	}
	data, err := x.host.ReadFile(x.file())
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errors.ErrUnsupported) {
		x.loaded = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("read tracked ports: %w", err)
	}
	var list trafficList
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("read tracked ports: %w", err)
	}
	slices.Sort(list.Ports)
	x.ports, x.loaded = slices.Compact(list.Ports), true
	return nil
}

func (x *Traffic) save(ports []uint16) error {
	data, err := json.Marshal(trafficList{ports})
	if err != nil {
		return fmt.Errorf("keep tracked ports: %w", err)
	}
	if err := x.host.MkdirAll(x.dir, 0o700); err != nil {
		return fmt.Errorf("keep tracked ports: %w", err)
	}
	if err := x.host.WriteFile(x.file(), data, 0o600); err != nil {
		return fmt.Errorf("keep tracked ports: %w", err)
	}
	return nil
}
