// Package collector turns kernel state into Prometheus metrics: node_exporter's families by its own collectors, and
// ours. It runs no commands and changes nothing.
//
// To add a family, copy bootid.go and add its line to All.
package collector

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/agent/host"
)

// Sets of families, so that what changes slowly is asked for less often.
const (
	SetHost     = "host"     // every few seconds
	SetServices = "services" // every minute
)

// ErrNoData is what a collector returns whose subsystem this machine does not have. It is no failure.
var ErrNoData = errors.New("this machine has no such data")

// Family is a named part of the page.
type Family struct {
	Name    string
	Set     string
	Collect func(ch chan<- prometheus.Metric) error
}

// Options of New.
type Options struct {
	Root        string     // where the machine's file system is mounted: "/", or "/host" in a container, which must share the host's network
	Host        *host.Host // instead of Root, for tests; a fake goes without node_exporter's families, which need real files
	Version     string     // of the agent
	TextfileDir string     // *.prom files of the machine's owner; default /var/lib/prometheus/node-exporter
	Log         *slog.Logger
}

// Set is everything that the agent measures.
type Set struct {
	host      *host.Host
	version   string
	node      []Family
	more      []Family // of other parts of the agent
	sampler   *sampler
	sockets   *sockets
	processes *processTable
	runner    *runner
	buffers   chan *bytes.Buffer // of the pages being built
	started   time.Time
	log       *slog.Logger
}

// New prepares the collectors. One process can have them for one root only: node_exporter keeps its settings in globals.
func New(o Options) (*Set, error) {
	h := o.Host
	if h == nil {
		h = host.New(o.Root)
	}
	s := &Set{
		host:      h,
		version:   o.Version,
		sampler:   newSampler(h, o.Log),
		sockets:   newSockets(h),
		processes: newProcessTable(h),
		runner:    newRunner(o.Log),
		buffers:   make(chan *bytes.Buffer, maxInFlight),
		started:   time.Now(),
		log:       o.Log,
	}
	for range maxInFlight {
		s.buffers <- new(bytes.Buffer)
	}
	if h.Root() != "" {
		var err error
		if s.node, err = nodeFamilies(h.Root(), o.TextfileDir, o.Log); err != nil {
			return nil, fmt.Errorf("prepare node_exporter's collectors: %w", err)
		}
	}
	return s, nil
}

// All lists every family. The window is that of the rates.
func (s *Set) All(window time.Duration) []Family {
	ours := []Family{
		{"boot_id", SetHost, (&bootID{s.host.FS()}).Collect},
		{"build_info", SetServices, (&buildInfo{s.version}).Collect},
		{"agent_process", SetHost, (&ownProcess{s.started}).Collect},
		{"haproxy", SetServices, (&haproxyStats{s.host}).Collect},
		{"processes", SetHost, s.processes.Collect},
		{"rates", SetHost, (&rates{s.sampler, window}).Collect},
		{"sockets", SetHost, s.sockets.Collect},
		{"traffic", SetHost, (&traffic{s.host, s.sampler}).Collect},
		{"usage", SetHost, (&usage{s.host}).Collect},
	}
	return slices.Concat(ours, s.more, s.node)
}

// Also adds families that another part of the agent measures. Call it before the first page is asked for.
func (s *Set) Also(families ...Family) { s.more = append(s.more, families...) }

// Run samples the rates until ctx is done.
func (s *Set) Run(ctx context.Context) error { return s.sampler.Run(ctx) }

// Handler serves the page: GET ?set=host|services (default: everything), ?window=seconds (default 10).
func (s *Set) Handler() http.Handler { return http.HandlerFunc(s.servePage) }

// Host is the machine that is measured.
func (s *Set) Host() *host.Host { return s.host }

// Rates returns the mean and the maximum of the last seconds. ok is false for the first second of the agent.
func (s *Set) Rates(window time.Duration) (Rates, bool) { return s.sampler.Rates(window) }

// Sockets returns the counts of sockets, at most five seconds old.
func (s *Set) Sockets() (Sockets, error) { return s.sockets.counts() }

// Processes returns the process table, at most five seconds old; the first call takes half a second, since the use of
// a processor is a difference.
func (s *Set) Processes(ctx context.Context) (ProcessTable, error) { return s.processes.table(ctx) }

// Memory returns the numbers of /proc/meminfo.
func (s *Set) Memory() (Memory, error) { return readMemory(s.host) }
