// Package auth decides who is calling and what they may reach: the secret path, logins and sessions, API tokens, bans,
// the rate limit, idempotent repeats and the audit log. It knows nothing about servers or metrics.
//
// A request passes, in this order: FrontDoor (address, path, caller, ban, limit), the routes of rest.Mux, Guard (role,
// origin, repeat, audit), the feature's handler.
package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/storage/postgres"
)

// Options are what the Service needs; all but TrustedProxies are required, the numbers have defaults.
type Options struct {
	Store      *postgres.Store
	Log        *slog.Logger
	Registerer prometheus.Registerer

	UID       string        // the secret path
	Password  string        // counts until one is set in the UI
	JWTSecret string        // signs session cookies
	JWTExpire time.Duration // lifetime of a session, default 24 hours

	MaxFailedAttempts int            // wrong secrets until a ban, default 5
	BanDuration       time.Duration  // default 15 minutes
	TrustedProxies    []netip.Prefix // whose X-Forwarded-For counts
	Secure            bool           // TLS is on: Secure cookies and HSTS
}

// Service is the front door of the panel.
type Service struct {
	Options
	uidHash      [sha256.Size]byte
	passwordHash [sha256.Size]byte
	origins      *http.CrossOriginProtection
	failures     *failures // by address
	guesses      *failures // at the current password, by session
	limiter      *limiter
	running      *running
	repeats      *repeats
	loginLock    chan struct{} // one password comparison at a time: parallel guesses cannot outrun the count
	metrics      metrics
}

// uidPattern keeps the secret path free of escaping, and too long to be "api".
var uidPattern = regexp.MustCompile(`\A[A-Za-z0-9_-]{4,128}\z`)

// New returns a Service that knows the bans of before the restart.
func New(ctx context.Context, o Options) (*Service, error) {
	if !uidPattern.MatchString(o.UID) {
		return nil, errors.New("PANEL_UID: give 4 to 128 letters, digits, - or _")
	}
	if o.Password == "" || o.JWTSecret == "" {
		return nil, errors.New("the panel needs PANEL_PASSWORD and JWT_SECRET")
	}
	if o.JWTExpire <= 0 {
		o.JWTExpire = 24 * time.Hour
	}
	if o.MaxFailedAttempts <= 0 {
		o.MaxFailedAttempts = 5
	}
	if o.BanDuration <= 0 {
		o.BanDuration = 15 * time.Minute
	}
	s := &Service{
		Options:      o,
		uidHash:      sha256.Sum256([]byte(o.UID)),
		passwordHash: sha256.Sum256([]byte(o.Password)),
		origins:      http.NewCrossOriginProtection(),
		failures:     newFailures(o.MaxFailedAttempts, o.BanDuration),
		guesses:      newFailures(o.MaxFailedAttempts, o.BanDuration),
		limiter:      newLimiter(),
		running:      newRunning(),
		repeats:      newRepeats(),
		loginLock:    make(chan struct{}, 1),
		metrics:      newMetrics(o.Registerer),
	}
	if err := s.syncBans(ctx); err != nil {
		return nil, fmt.Errorf("load bans: %w", err)
	}
	return s, nil
}

// syncInterval is how soon the panel notices what `panel admin` changed in the database.
const syncInterval = 5 * time.Second

// Run keeps bans and sessions in step with the database until ctx is done, and removes expired ones.
func (s *Service) Run(ctx context.Context) error {
	t := time.NewTicker(syncInterval)
	defer t.Stop()
	for {
		if err := s.RunOnce(ctx); err != nil && ctx.Err() == nil {
			s.metrics.errors.Inc()
			s.Log.Error("sync sessions and bans", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// RunOnce is one turn of Run.
func (s *Service) RunOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, syncInterval)
	defer cancel()
	now := time.Now()
	s.limiter.forget(now)
	s.failures.forget(now)
	s.guesses.forget(now)
	return errors.Join(s.syncBans(ctx), s.endRevoked(ctx), s.deleteExpired(ctx, now))
}

type metrics struct {
	dropped  *prometheus.CounterVec
	failures prometheus.Counter
	bans     prometheus.Counter
	errors   prometheus.Counter
}

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "panel_auth_dropped_requests_total",
			Help: "Requests that were dropped before they reached a feature, by reason."}, []string{"reason"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "panel_auth_failures_total", Help: "Wrong passwords, secret paths and bearer tokens."}),
		bans:     prometheus.NewCounter(prometheus.CounterOpts{Name: "panel_auth_bans_total", Help: "Bans of client addresses."}),
		errors:   prometheus.NewCounter(prometheus.CounterOpts{Name: "panel_auth_sync_errors_total", Help: "Failed turns of the session and ban upkeep."}),
	}
	r.MustRegister(m.dropped, m.failures, m.bans, m.errors)
	return m
}
