package system

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/storage"
)

const (
	versionTimeout = 10 * time.Second // per node
	versionTotal   = 25 * time.Second // for all; a node that was not asked in time counts as not answering
	versionAtOnce  = 32
)

// VersionResponse says what runs where. LatestVersion is the panel's own until updates can be looked up.
type VersionResponse struct {
	Panel struct {
		Version         string `json:"version"`
		LatestVersion   string `json:"latest_version"`
		UpdateAvailable bool   `json:"update_available"`
	} `json:"panel"`
	Node struct {
		LatestVersion string `json:"latest_version"`
	} `json:"node"`
	Optimizations struct {
		LatestVersion *string `json:"latest_version"` // null: none are shipped
	} `json:"optimizations"`
	Nodes            []NodeVersion `json:"nodes"`
	UpdateInProgress bool          `json:"update_in_progress"`
}

// NodeVersion is the version of one agent. Status is online, offline, timeout, error or disabled; Version is null
// unless it is online.
type NodeVersion struct {
	ID            int64         `json:"id"`
	Name          string        `json:"name"`
	URL           string        `json:"url"`
	Version       *string       `json:"version"`
	Status        string        `json:"status"`
	Optimizations Optimizations `json:"optimizations"`
}

// Optimizations tells which system optimizations a node has.
type Optimizations struct {
	Installed bool    `json:"installed"`
	Version   *string `json:"version"`
}

func (s *Service) version(w http.ResponseWriter, r *http.Request) error {
	var answer VersionResponse
	answer.Panel.Version, answer.Panel.LatestVersion = s.o.Version, s.o.Version
	answer.Node.LatestVersion = s.o.Version
	answer.Nodes = s.nodeVersions(r.Context())
	return rest.Encode(w, http.StatusOK, answer)
}

// nodeVersions asks all agents in parallel. What is known to be away is not asked: waiting for it tells nothing new.
func (s *Service) nodeVersions(ctx context.Context) []NodeVersion {
	ctx, cancel := context.WithTimeout(ctx, versionTotal)
	defer cancel()
	servers := s.o.Fleet.All()
	nodes := make([]NodeVersion, len(servers))
	var g errgroup.Group
	g.SetLimit(versionAtOnce)
	for i, server := range servers {
		nodes[i] = NodeVersion{ID: server.ID, Name: server.Name, URL: server.URL}
		switch {
		case !server.IsActive:
			nodes[i].Status = "disabled"
		case server.LastError != nil:
			nodes[i].Status = "offline"
		default:
			g.Go(func() error {
				s.askVersion(ctx, server, &nodes[i])
				return nil
			})
		}
	}
	_ = g.Wait() // no func fails: an agent that does not answer is a status
	return nodes
}

func (s *Service) askVersion(ctx context.Context, server storage.Server, node *NodeVersion) {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	client, err := s.o.Fleet.Client(server.ID)
	if err != nil {
		node.Status = "offline" // deleted a moment ago
		return
	}
	v, err := client.Version(ctx)
	if err != nil {
		node.Status = "error"
		if _, code := fleet.Classify(err); code == http.StatusGatewayTimeout {
			node.Status = "timeout"
		}
		return
	}
	node.Status, node.Version = "online", &v.Version
	node.Optimizations.Installed = v.Optimization.Installed
	if v.Optimization.Version != "" {
		node.Optimizations.Version = &v.Optimization.Version
	}
}
