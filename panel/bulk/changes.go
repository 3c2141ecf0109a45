package bulk

import (
	"net/http"

	"monitoring/agent/api"
	"monitoring/panel/change"
	"monitoring/panel/rest"
	"monitoring/storage"
)

const maxServers = 1000

// Targets are the servers of a request.
type Targets struct {
	ServerIDs []int64 `json:"server_ids"`
}

func (t Targets) check() error {
	if len(t.ServerIDs) == 0 || len(t.ServerIDs) > maxServers {
		return storage.Invalid("server_ids", "name 1 to 1000 servers")
	}
	return nil
}

// The requests are the changes of panel/change with the servers to make them on.
type (
	// ServiceRequest needs no more than the servers.
	ServiceRequest struct{ Targets }
	// RuleRequest adds a rule of HAProxy.
	RuleRequest struct {
		Targets
		change.HAProxyRule
	}
	// RuleRemoveRequest removes one.
	RuleRemoveRequest struct {
		Targets
		change.HAProxyRuleRemove
	}
	// ConfigRequest replaces the configuration of HAProxy.
	ConfigRequest struct {
		Targets
		change.HAProxyConfig
	}
	// PortRequest counts the traffic of a port, or stops that, or deletes firewall rules of a port.
	PortRequest struct {
		Targets
		Port int `json:"port"`
	}
	// FirewallRequest adds a rule of the firewall.
	FirewallRequest struct {
		Targets
		change.FirewallRule
	}
	// CommandRequest runs a command.
	CommandRequest struct {
		Targets
		api.ExecRequest
	}
)

func (s *Service) changeRoutes(r rest.Router) {
	r.Post("/haproxy/start", s.service("start"))
	r.Post("/haproxy/stop", s.service("stop"))
	r.Post("/haproxy/restart", s.service("restart"))
	r.Post("/haproxy/rules", on(s, func(q RuleRequest) (Targets, change.Change) { return q.Targets, q.HAProxyRule }))
	r.Delete("/haproxy/rules", on(s, func(q RuleRemoveRequest) (Targets, change.Change) { return q.Targets, q.HAProxyRuleRemove }))
	r.Post("/traffic/ports", on(s, func(q PortRequest) (Targets, change.Change) { return q.Targets, change.TrafficPort{Port: q.Port} }))
	r.Delete("/traffic/ports", on(s, func(q PortRequest) (Targets, change.Change) { return q.Targets, change.TrafficPortRemove{Port: q.Port} }))
	r.Post("/firewall/rules", on(s, func(q FirewallRequest) (Targets, change.Change) { return q.Targets, q.FirewallRule }))
	r.Delete("/firewall/rules", on(s, func(q PortRequest) (Targets, change.Change) { return q.Targets, change.FirewallRemove{Port: q.Port} }))
}

// ConfigRoutes are mounted at /api/bulk/haproxy.
func (s *Service) ConfigRoutes(r rest.Router) {
	r.Post("/config", on(s, func(q ConfigRequest) (Targets, change.Change) { return q.Targets, q.HAProxyConfig }))
}

// CommandRoutes are mounted at /api/bulk/terminal.
func (s *Service) CommandRoutes(r rest.Router) {
	r.Post("/execute", on(s, func(q CommandRequest) (Targets, change.Change) {
		return q.Targets, change.Command{ExecRequest: q.ExecRequest}
	}))
}

func (s *Service) service(action string) rest.Handler {
	return on(s, func(q ServiceRequest) (Targets, change.Change) {
		return q.Targets, change.HAProxyService{Action: action}
	})
}

// on makes the handler of one kind of request.
func on[Q any](s *Service, split func(Q) (Targets, change.Change)) rest.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		q, err := rest.Decode[Q](r)
		if err != nil {
			return err
		}
		targets, c := split(q)
		if err := targets.check(); err != nil {
			return err
		}
		if err := c.Validate(); err != nil {
			return err
		}
		return s.serve(w, r, c, targets.ServerIDs)
	}
}
