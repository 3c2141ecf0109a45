package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
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
	server   *server
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
	return c.attached || c.server != nil && c.server.running()
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
		case <-server.exited:
		}
		if time.Since(server.started) > time.Minute {
			pause = 100 * time.Millisecond
		}
		c.log.Error("postgres died, starting it again", "err", server.err, "pause", pause)
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

func (c *Child) waitReady(ctx context.Context, s *server) error {
	for {
		err := c.ping(ctx)
		if err == nil && s.running() {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("postgres ended: %w: %s", s.err, s.output.tail())
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w: %s", err, s.output.tail())
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
		defer os.RemoveAll(c.place.socket)
	}
	c.mu.Lock()
	s := c.server
	c.mu.Unlock()
	if s == nil {
		return nil
	}
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, fastStop}, {syscall.SIGQUIT, immediateStop}, {syscall.SIGKILL, immediateStop}} {
		if !s.running() {
			return nil
		}
		_ = syscall.Kill(s.pid, step.signal) // it may have ended meanwhile
		select {
		case <-s.exited:
			return nil
		case <-time.After(step.wait):
		}
	}
	return errors.New("postgres does not end")
}

// server is one run of the postgres program.
type server struct {
	pid     int
	started time.Time
	exited  chan struct{}
	err     error // after exited
	output  *logWriter
}

func (s *server) running() bool {
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// run starts the program. The kernel ties the parent-death signal to the thread that forked, so that thread is kept for
// as long as the server lives.
func (p place) run(settings []string, log *slog.Logger) *server {
	s := &server{started: time.Now(), exited: make(chan struct{}), output: &logWriter{log: log}}
	args := []string{"-D", p.cluster, "-k", `"` + strings.ReplaceAll(p.socket, `"`, `""`) + `"`} // a list: a comma would part it
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(filepath.Join(p.bin, "postgres"), args...)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = s.output, s.output
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential(), Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	began := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(s.exited)
		err := cmd.Start()
		if err == nil {
			s.pid = cmd.Process.Pid
		}
		close(began)
		if err == nil {
			err = cmd.Wait()
		}
		if s.err = err; err == nil {
			s.err = errors.New("exit status 0")
		}
	}()
	<-began
	return s
}
