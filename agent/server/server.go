// Package server exposes the agent over mutual TLS: the metrics page and everything under /v1/. It decides who may
// ask and what the node's owner allows; it measures and changes nothing itself.
package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"monitoring/agent/api"
	"monitoring/agent/control"
)

const (
	maxBody      = 256 << 10       // of a request; certificates are the largest
	idleTimeout  = 5 * time.Minute // longer than the panel's four, so that the panel closes first
	stopGrace    = 2 * time.Second
	maxHeaders   = 16 << 10
	writeTimeout = 60 * time.Second
)

// Options of New. Exposition, Metrics and Processes come from the collectors.
type Options struct {
	StateDir   string // made with mode 0700 if missing
	Token      string // install token, "" when the agent has joined
	TrustedCA  []byte // PEM of further CAs to trust, for a rotation
	Allow      Allow
	Version    string
	HostName   string
	Exposition http.Handler
	Metrics    func(ctx context.Context) (api.Metrics, error)
	Processes  func(ctx context.Context) (api.Processes, error)
	Control    []control.Subsystem
	Log        *slog.Logger
}

// Server answers the panel.
type Server struct {
	o     Options
	enrol *enrolment
	guard *guard
}

// New loads the agent's identity; ErrNoIdentity if it has none and no token to get one.
func New(o Options) (*Server, error) {
	if err := os.MkdirAll(o.StateDir, 0o700); err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	id, err := loadIdentity(o.StateDir, o.Token, o.TrustedCA)
	if err != nil {
		return nil, err
	}
	s := &Server{o: o, guard: newGuard(), enrol: &enrolment{dir: o.StateDir, extraCA: o.TrustedCA, log: o.Log}}
	s.enrol.current.Store(id)
	return s, nil
}

// AgentID is the name that the panel gave this agent.
func (s *Server) AgentID() string { return s.enrol.current.Load().id }

// Joined reports whether the agent holds a lasting certificate.
func (s *Server) Joined() bool { return !s.enrol.current.Load().install }

// Serve answers the panel on ln until ctx is done.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	pl := newPanelListener(ln, s.enrol, s.guard, s.o.Log)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(pl.run)
	g.Go(func() error {
		defer pl.Close()
		return serve(ctx, pl, s.handler(), s.o.Log)
	})
	return g.Wait()
}

// ServeLocal offers nothing but the metrics page, in plain HTTP, to a Prometheus on the same machine.
func (s *Server) ServeLocal(ctx context.Context, ln net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle("GET "+api.PathExposition, s.o.Exposition)
	return serve(ctx, ln, mux, s.o.Log)
}

func serve(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaders,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		Protocols:         new(http.Protocols),
		ConnContext:       withOpened,
	}
	srv.Protocols.SetHTTP1(true)
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
		defer cancel()
		err := srv.Shutdown(grace)
		if errors.Is(err, context.DeadlineExceeded) {
			err = srv.Close() // a request that hangs does not hold up the stop
		}
		stopped <- err
	})
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve %s: %w", ln.Addr(), err)
	}
	return <-stopped
}

// route is one line of what the agent answers. A route whose domain the owner has closed says so.
type route struct {
	method, path string
	domain       string
	write        bool
	capability   string
	handler      http.Handler
}

func (s *Server) routes() []route {
	return append([]route{
		{http.MethodGet, api.PathExposition, api.DomainMetrics, false, "exposition", s.o.Exposition},
		{http.MethodGet, api.PathMetrics, api.DomainMetrics, false, "metrics", answer(s.o.Metrics)},
		{http.MethodGet, api.PathProcesses, api.DomainMetrics, false, "processes", answer(s.o.Processes)},
		{http.MethodGet, api.PathHealth, api.DomainMetrics, false, "health", answer(s.health)},
		{http.MethodGet, api.PathVersion, api.DomainMetrics, false, "version", answer(s.version)},
		{http.MethodPost, api.PathEnrolCSR, api.DomainMetrics, false, "enrol", answer(s.signingRequest)},
		{http.MethodPost, api.PathEnrolAccept, api.DomainMetrics, false, "enrol", http.HandlerFunc(s.acceptCertificate)},
	}, s.controlRoutes()...)
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		h := r.handler
		if !s.o.Allow.Permits(r.domain, r.write) {
			h = closed(r.domain)
		}
		mux.Handle(r.method+" "+r.path, h)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "this agent does not know "+r.Method+" "+r.URL.Path)
	})
	return mux
}

func closed(domain string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuseWith(w, api.Fail(api.CodeRestricted, "the owner of this node does not allow %s (AGENT_ALLOW)", domain))
	})
}

func (s *Server) capabilities() []string {
	var out []string
	for _, r := range s.routes() {
		if s.o.Allow.Permits(r.domain, r.write) && !slices.Contains(out, r.capability) {
			out = append(out, r.capability)
		}
	}
	return out
}

func (s *Server) health(context.Context) (api.Health, error) { return api.Health{Status: "ok"}, nil }

func (s *Server) version(context.Context) (api.Version, error) {
	return api.Version{
		Version: s.o.Version, AgentID: s.AgentID(), ServerName: s.o.HostName,
		Preset: s.o.Allow.Preset(), Allow: s.o.Allow, Capabilities: s.capabilities(),
	}, nil
}

func (s *Server) signingRequest(context.Context) (api.SigningRequest, error) {
	csr, err := s.enrol.request()
	if err != nil {
		s.o.Log.Error("make signing request", "err", err)
	}
	return api.SigningRequest{CSR: csr}, err
}

func (s *Server) acceptCertificate(w http.ResponseWriter, r *http.Request) {
	var c api.Certificate
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "the body is too large or was cut off")
		return
	}
	if err := json.Unmarshal(body, &c); err != nil {
		refuse(w, http.StatusBadRequest, "the body is no valid JSON")
		return
	}
	switch err := s.enrol.accept(c); {
	case errors.Is(err, errRefused):
		s.o.Log.Warn("accept certificate", "err", err)
		refuse(w, http.StatusConflict, err.Error())
	case err != nil:
		s.o.Log.Error("accept certificate", "err", err)
		refuse(w, http.StatusInternalServerError, err.Error())
	default:
		encode(w, http.StatusOK, struct{}{})
	}
}

// answer turns a function of the agent into a handler.
func answer[T any](f func(context.Context) (T, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r.Context())
		if err != nil {
			refuse(w, http.StatusInternalServerError, err.Error())
			return
		}
		encode(w, http.StatusOK, v)
	})
}

func refuse(w http.ResponseWriter, status int, detail string) {
	encode(w, status, map[string]string{"detail": detail})
}

func encode(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // a number that JSON lacks, such as NaN
		status, b = http.StatusInternalServerError, []byte(`{"detail":"the answer cannot be written as JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the panel has gone; nobody is left to tell
}
