package fleet

import (
	"net/http"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/rest"
	"monitoring/words"
)

// ServerItem is a server as clients see it.
type ServerItem struct {
	ID           int64           `json:"id"`
	Name         string          `json:"name"`
	URL          string          `json:"url"`
	Position     int             `json:"position"`
	IsActive     bool            `json:"is_active"`
	Folder       *string         `json:"folder"`
	LastSeen     *string         `json:"last_seen"`
	LastError    *string         `json:"last_error"`
	ErrorWords   *words.Sentence `json:"error_words,omitempty"` // LastError for the UI
	ErrorCode    *int            `json:"error_code"`
	Restricted   bool            `json:"restricted"` // the node's owner does not allow everything
	AgentVersion string          `json:"agent_version"`
	Joined       bool            `json:"joined"`
	Status       string          `json:"status"`
	Metrics      *Summary        `json:"metrics"`
	Traffic      *Traffic        `json:"traffic"`
}

// Summary is the last document of a server without its long lists.
type Summary = api.Metrics

// Traffic is the cached traffic of a server.
type Traffic struct {
	RxBytes uint64 `json:"rx_bytes"`
	TxBytes uint64 `json:"tx_bytes"`
	Days    int    `json:"days"`
}

// ServersResponse lists the fleet.
type ServersResponse struct {
	Count   int          `json:"count"`
	Servers []ServerItem `json:"servers"`
}

// ServerDetail is one server, with the keys that only the single record has.
type ServerDetail struct {
	ServerItem
	APIKey    string            `json:"api_key"` // always masked
	CreatedAt string            `json:"created_at"`
	UpdatedAt string            `json:"updated_at"`
	Allow     map[string]string `json:"allow"` // what the node's owner allows: domain -> ro or rw; empty while it is not known
}

func (s *Service) listServers(w http.ResponseWriter, r *http.Request) error {
	withMetrics := r.URL.Query().Get("include_metrics") == "true"
	items := s.items(withMetrics)
	return rest.Encode(w, http.StatusOK, ServersResponse{Count: len(items), Servers: items})
}

func (s *Service) items(withMetrics bool) []ServerItem {
	items := s.itemsWithout()
	if withMetrics {
		for i := range items {
			items[i].Metrics = s.summary(items[i].ID)
			items[i].Traffic = s.trafficOf(items[i].ID)
		}
	}
	return items
}

func (s *Service) itemsWithout() []ServerItem {
	s.mu.RLock()
	defer s.mu.RUnlock()
	items := make([]ServerItem, 0, len(s.order))
	for _, id := range s.order {
		items = append(items, s.item(s.nodes[id]))
	}
	return items
}

// item needs s.mu.
func (s *Service) item(n *node) ServerItem {
	srv := n.server
	item := ServerItem{
		ID: srv.ID, Name: srv.Name, URL: srv.URL, Position: srv.Position, IsActive: srv.IsActive, Folder: srv.Folder,
		LastError: srv.LastError, ErrorWords: srv.ErrorWords, ErrorCode: srv.ErrorCode, Joined: n.joined(s.now()), Status: n.status(),
	}
	if srv.LastSeen != nil {
		seen := stamp(*srv.LastSeen)
		item.LastSeen = &seen
	}
	if n.about != (about{}) {
		item.AgentVersion, item.Restricted = n.about.version, n.about.preset != PresetFull
	}
	return item
}

// summary must be called without s.mu: the scraper behind last has locks of its own.
func (s *Service) summary(id int64) *Summary {
	s.mu.RLock()
	last := s.last
	s.mu.RUnlock()
	m, _, ok := last(id)
	if !ok {
		return nil
	}
	m.Processes.TopByCPU, m.Processes.TopByMemory = []api.Process{}, []api.Process{}
	m.Disk.IO = map[string]api.DiskIO{}
	m.Network.Interfaces = []api.Interface{}
	m.CPU.Temperatures = map[string][]api.Temperature{}
	return &m
}

// trafficOf must be called without s.mu, as summary.
func (s *Service) trafficOf(id int64) *Traffic {
	s.mu.RLock()
	last := s.traffic
	s.mu.RUnlock()
	if last == nil {
		return nil
	}
	if t, ok := last(id); ok {
		return &t
	}
	return nil
}

// stamp writes a time as the API does: ISO 8601, UTC, milliseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
