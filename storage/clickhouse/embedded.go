package clickhouse

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"monitoring/storage"
	"monitoring/storage/child"
)

const (
	panelUser    = "panel"
	readerUser   = "reader"
	startTimeout = 5 * time.Minute  // a cold disk takes its time to map half a gigabyte of library
	politeStop   = 10 * time.Second // after its lifeline has ended: answers under way are finished
	firmStop     = 5 * time.Second
	pingPause    = 10 * time.Millisecond
	longestPath  = 107 // of a unix socket
)

// EmbeddedOptions say what the embedded engine consists of.
type EmbeddedOptions struct {
	Program        string         // path of the engine program; "": clickhouse-engine beside the panel
	Library        string         // path of libchdb.so; "": where install put it, or setup.sh
	Listen         string         // loopback address for SQL clients, as in 127.0.0.1:8123; "": none
	ReaderPassword storage.Secret // of the user reader; "": there is no such user
	MemoryBytes    int64          // that the engine may use; 0 derives it from the machine's
}

// embedded is the engine program as our child. It lives as long as the pipe to its standard input is open: also a panel
// that is killed takes it along.
type embedded struct {
	o         EmbeddedOptions
	dir       string // private: data and socket
	socket    string
	password  string // of the panel's own user, new at every start of the panel
	transport *http.Transport
	log       *slog.Logger
	restarts  atomic.Int64

	mu       sync.Mutex
	process  *child.Process
	lifeline *os.File
}

func newEmbedded(o Options) *embedded {
	e := &embedded{o: o.Embedded, dir: filepath.Join(o.Dir, "engine"), password: rand.Text(), log: o.Log}
	e.socket = filepath.Join(e.dir, "socket")
	if len(e.socket) > longestPath {
		sum := sha256.Sum256([]byte(e.dir))
		e.socket = filepath.Join(os.TempDir(), "panel-clickhouse-"+hex.EncodeToString(sum[:6]), "socket")
	}
	dial := unixDialer(e.socket)
	e.transport = &http.Transport{DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) { return dial(ctx, addr) }, DisableCompression: true}
	return e
}

func (e *embedded) client() *driver.Options {
	return &driver.Options{
		Protocol: driver.HTTP, Addr: []string{"engine"}, Auth: driver.Auth{Username: panelUser, Password: e.password},
		TransportFunc: direct, DialContext: unixDialer(e.socket),
	}
}

// start runs the engine and waits until it answers.
func (e *embedded) start(ctx context.Context) error {
	program, library, err := e.locate()
	if err != nil {
		return err
	}
	for _, dir := range []string{e.dir, filepath.Dir(e.socket)} {
		if err := makePrivate(dir); err != nil {
			return err
		}
	}
	if err := e.end(); err != nil { // one that answers no more
		return err
	}
	e.mu.Lock()
	again := e.process != nil
	e.mu.Unlock()
	if again {
		e.restarts.Add(1)
	}
	p, err := e.launch(program, library)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return e.awaitPing(ctx, p)
}

func (e *embedded) launch(program, library string) (*child.Process, error) {
	users := []map[string]any{{"name": panelUser, "password": e.password}}
	if e.o.ReaderPassword != "" {
		users = append(users, map[string]any{"name": readerUser, "password": string(e.o.ReaderPassword), "read_only": true})
	}
	line, err := json.Marshal(users)
	if err != nil {
		return nil, fmt.Errorf("describe users: %w", err)
	}
	stdin, lifeline, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make lifeline: %w", err)
	}
	defer stdin.Close()
	//nolint:noctx // it ends by its lifeline and by stop
	cmd := exec.Command(program, "-dir", e.dir, "-socket", e.socket, "-library", library, "-listen", e.o.Listen, "-memory", strconv.FormatInt(e.o.MemoryBytes, 10))
	cmd.Dir, cmd.Env, cmd.Stdin = "/", []string{}, stdin
	p := child.Start(cmd, syscall.SIGKILL, "clickhouse", e.log)
	e.mu.Lock()
	e.process, e.lifeline = p, lifeline
	e.mu.Unlock()
	if _, err := lifeline.Write(append(line, '\n')); err != nil && p.Running() { // a pipe holds much more than the line
		return nil, fmt.Errorf("tell the engine its users: %w", err)
	}
	return p, nil
}

func (e *embedded) awaitPing(ctx context.Context, p *child.Process) error {
	client := &http.Client{Transport: e.transport, Timeout: dialTimeout}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine/ping", nil)
		if err != nil {
			return fmt.Errorf("ping engine: %w", err)
		}
		resp, err := client.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK && p.Running() {
				return nil
			}
		}
		select {
		case <-p.Exited:
			return e.obituary()
		case <-ctx.Done():
			return fmt.Errorf("the engine does not answer: %w: %s", ctx.Err(), p.Tail())
		case <-time.After(pingPause):
		}
	}
}

func (e *embedded) current() *child.Process {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.process
}

// exited is closed when the engine that was started last has ended.
func (e *embedded) exited() <-chan struct{} { return e.current().Exited }

// obituary says how it ended.
func (e *embedded) obituary() error {
	p := e.current()
	return fmt.Errorf("the engine ended: %w: %s", p.Err(), p.Tail())
}

// end stops the engine, if one runs: politely by its lifeline, then firmly.
func (e *embedded) end() error {
	e.mu.Lock()
	p, lifeline := e.process, e.lifeline
	e.lifeline = nil
	e.mu.Unlock()
	if lifeline != nil {
		_ = lifeline.Close() // a pipe
	}
	if p == nil {
		return nil
	}
	select {
	case <-p.Exited:
		return nil
	case <-time.After(politeStop):
	}
	if !p.Stop(child.Step{Signal: syscall.SIGTERM, Wait: firmStop}, child.Step{Signal: syscall.SIGKILL, Wait: firmStop}) {
		return errors.New("the engine does not end")
	}
	return nil
}

// stop ends the engine for good.
func (e *embedded) stop() error {
	defer func() { _ = os.Remove(e.socket) }() // the engine may have done it
	return e.end()
}

// makePrivate makes a directory that only this user can enter, and refuses one of somebody else.
func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user: remove it, or run the panel as that user", dir)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	return nil
}
