package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"monitoring/storage/child"
)

const (
	childUser     = "panel"          // the cluster's only role
	startTimeout  = 5 * time.Minute  // recovery after a power cut may be long; a server that fails to start ends sooner
	fastStop      = 20 * time.Second // after SIGINT: sessions are ended, a checkpoint is written
	immediateStop = 5 * time.Second  // after SIGQUIT: recovery runs at the next start
)

// childSettings suit a panel that lives beside its own TSDB on 1 core and 2 GB.
var childSettings = []string{
	"listen_addresses=", "max_connections=30", "shared_buffers=32MB", "work_mem=4MB", "maintenance_work_mem=32MB",
	"max_wal_size=256MB", "wal_level=minimal", "max_wal_senders=0", "jit=off", "timezone=UTC",
	"log_min_messages=log", // of lesser messages those of statements: the store returns them
}

// ChildOptions say where the panel's own Postgres lives.
type ChildOptions struct {
	DataDir  string // made when absent; 0700, owned by the user that Postgres runs as
	Log      *slog.Logger
	Attach   bool     // use the server of another process on this directory, if there is one (the panel's, for a command beside it)
	Settings []string // further name=value settings, for tests
	Fallback string   // where the cluster goes that the user cannot reach in DataDir; "" is /var/lib/monitoring-panel
}

// Child is a Postgres server that belongs to this process: it runs in its own process group as an unprivileged user,
// listens on a unix socket in a private directory only, and dies when this process dies, however that happens.
type Child struct {
	opts     ChildOptions
	place    place
	log      *slog.Logger
	attached bool
	owner    *os.File // holds the lock of the directory; nil when attached

	mu       sync.Mutex
	server   *child.Process
	stopping atomic.Bool
	restarts atomic.Int64
}

// StartChild makes the cluster if there is none, starts the server and waits until it answers.
func StartChild(ctx context.Context, opts ChildOptions) (*Child, error) {
	p, err := choosePlace(opts)
	if err != nil {
		return nil, err
	}
	c := &Child{opts: opts, place: p, log: opts.Log}
	if err := p.makeDirs(); err != nil {
		return nil, err
	}
	if err := c.own(ctx); err != nil {
		return nil, err
	}
	if c.attached {
		return c, nil
	}
	err = p.makeCluster(ctx)
	if err == nil {
		err = c.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// DSN is the connection string of the server.
func (c *Child) DSN() string {
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(c.place.socket)
	return fmt.Sprintf("host='%s' user=%s dbname=postgres sslmode=disable", quoted, childUser)
}

// Up reports whether the server runs.
func (c *Child) Up() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.attached || c.server != nil && c.server.Running()
}

// Restarts counts how often a server that died was started again.
func (c *Child) Restarts() int64 { return c.restarts.Load() }

// Run starts the server again whenever it dies, with growing pauses, until ctx is done. It leaves the server running:
// Close stops it, after everything that writes.
func (c *Child) Run(ctx context.Context) error {
	if c.attached {
		return nil
	}
	pause := 100 * time.Millisecond
	for {
		c.mu.Lock()
		server := c.server
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil
		case <-server.Exited:
		}
		if time.Since(server.Started) > time.Minute {
			pause = 100 * time.Millisecond
		}
		c.log.Error("postgres died, starting it again", "err", server.Err(), "pause", pause)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, 10*time.Second)
		c.restarts.Add(1)
		if err := c.start(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("start postgres", "err", err)
		}
	}
}

// start runs the server and waits until it answers.
func (c *Child) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := c.place.clearLeftovers(ctx, c.log); err != nil {
		return err
	}
	s := c.place.run(slices.Concat(childSettings, c.opts.Settings), c.log)
	c.mu.Lock()
	c.server = s
	c.mu.Unlock()
	return c.waitReady(ctx, s)
}

func (c *Child) waitReady(ctx context.Context, s *child.Process) error {
	for {
		err := c.ping(ctx)
		if err == nil && s.Running() {
			return nil
		}
		select {
		case <-s.Exited:
			return fmt.Errorf("postgres ended: %w: %s", s.Err(), s.Tail())
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w: %s", err, s.Tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (c *Child) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, c.DSN())
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// Close stops the server, politely, then firmly, and lets another process have the directory. Run must have ended.
func (c *Child) Close() error {
	if c.attached || c.stopping.Swap(true) {
		return nil
	}
	defer c.owner.Close()
	if filepath.Dir(c.place.socket) != c.place.dir {
		defer func() { _ = os.RemoveAll(c.place.socket) }() // a directory of /tmp without a file
	}
	c.mu.Lock()
	s := c.server
	c.mu.Unlock()
	if s == nil {
		return nil
	}
	if s.Stop(child.Step{Signal: syscall.SIGINT, Wait: fastStop}, child.Step{Signal: syscall.SIGQUIT, Wait: immediateStop}, child.Step{Signal: syscall.SIGKILL, Wait: immediateStop}) {
		return nil
	}
	return errors.New("postgres does not end")
}

// run starts the server's program.
func (p place) run(settings []string, log *slog.Logger) *child.Process {
	args := []string{"-D", p.cluster, "-k", `"` + strings.ReplaceAll(p.socket, `"`, `""`) + `"`} // a list: a comma would part it
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(filepath.Join(p.bin, "postgres"), args...) //nolint:noctx // Close ends it, politely
	cmd.Dir = "/"
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential()}
	return child.Start(cmd, syscall.SIGQUIT, "postgres", log)
}
