// Package clickhouse keeps visits: who reached what through the Xray nodes, counted per hour. It speaks to a real
// ClickHouse server, or to the embedded engine (the program in engine/), which it starts and watches itself; above
// embedded.go nothing knows the difference. No metric and no configuration lives here.
//
// The way of a batch: Enqueue writes it to disk (queue.go) and only then returns; Run flushes the queue (flush.go) while
// the engine is there. Everything that asks the engine fails with an *Unavailable while it is not.
//
// To change the schema: add migrations/000NN_<what>.sql, one statement that may run twice. A released file is never
// edited.
package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"monitoring/storage"
)

const (
	maxConns      = 8
	dialTimeout   = 5 * time.Second
	connectPause  = 10 * time.Second // at most between attempts to reach or start an engine
	healthyAfter  = 10 * time.Second // an engine that lived for so long is started again at once
	firstPause    = 100 * time.Millisecond
	checkInterval = 15 * time.Second // of a server that is up
)

// Options say where visits are kept.
type Options struct {
	DSN        storage.Secret // of a real server, as in http://user:password@host:8123/database; "": the embedded engine
	Dir        string         // queue, and data of the embedded engine
	Embedded   EmbeddedOptions
	QueueBytes int64 // on disk; 0 is 256 MB
	Log        *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics
}

// Unavailable says why the engine cannot be asked, in words for the operator.
type Unavailable struct{ Reason string }

func (e *Unavailable) Error() string { return e.Reason }

// Store is the whole database.
type Store struct {
	o        Options
	client   *driver.Options
	embedded *embedded // nil with a real server
	queue    *queue
	metrics  *metrics

	missing      atomic.Bool   // the embedded engine is not installed
	longestPause time.Duration // between attempts; shorter in tests
	flushing     sync.Mutex    // one flight at a time

	mu     sync.Mutex
	conn   driver.Conn // nil while the engine is not there
	reason string      // why not
}

// Open prepares the store. It reaches for nothing: Run does, and until then the store is unavailable.
func Open(o Options) (*Store, error) {
	if o.QueueBytes == 0 {
		o.QueueBytes = 256 << 20
	}
	s := &Store{o: o, reason: "the engine is starting", longestPause: connectPause}
	if o.DSN != "" {
		client, err := driver.ParseDSN(string(o.DSN))
		if err != nil || client.Protocol != driver.HTTP {
			return nil, errors.New("CLICKHOUSE_DSN: give the HTTP interface, as in http://user:password@host:8123/database")
		}
		// Over HTTP a server goes on with a query whose client has left, unless told.
		if client.Settings == nil {
			client.Settings = driver.Settings{}
		}
		client.Settings["cancel_http_readonly_queries_on_client_close"] = 1
		s.client = client
	} else {
		s.embedded = newEmbedded(o)
		s.client = s.embedded.client()
	}
	s.client.DialTimeout, s.client.MaxOpenConns, s.client.MaxIdleConns = dialTimeout, maxConns, maxConns
	s.client.Compression = &driver.Compression{Method: driver.CompressionLZ4}
	var err error
	if s.queue, err = openQueue(filepath.Join(o.Dir, "queue"), o.QueueBytes); err != nil {
		return nil, err
	}
	if s.metrics, err = newMetrics(s, o.Registerer); err != nil {
		return nil, err
	}
	return s, nil
}

// Run keeps the engine there and flushes the queue until ctx is done. It leaves the engine running: Close stops it, after
// everything that asks.
func (s *Store) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.stayConnected(ctx) })
	g.Go(func() error { return s.flushLoop(ctx) })
	return g.Wait()
}

// Close ends the connections and the embedded engine. Run must have ended.
func (s *Store) Close() error {
	s.lost("the panel is stopping")
	if s.embedded == nil {
		return nil
	}
	return s.embedded.stop()
}

// stayConnected starts or reaches the engine, brings its schema up to date, and begins anew when it is gone.
func (s *Store) stayConnected(ctx context.Context) error {
	pause := newPause(firstPause, s.longestPause)
	for ctx.Err() == nil {
		began := time.Now()
		err := s.connect(ctx)
		if err == nil {
			err = s.watch(ctx)
		}
		if ctx.Err() != nil {
			break
		}
		s.lost(err.Error())
		if time.Since(began) > healthyAfter {
			pause.reset()
		}
		var missing *Unavailable
		s.missing.Store(errors.As(err, &missing))
		if wait := pause.next(); missing != nil {
			pause.reset()
			s.metrics.missing(s.o.Log, missing)
			sleep(ctx, s.longestPause) // somebody may install it
		} else {
			s.o.Log.Error("clickhouse is not there, trying again", "err", err, "pause", wait)
			sleep(ctx, wait)
		}
	}
	return nil
}

// connect makes the engine ready to be asked.
func (s *Store) connect(ctx context.Context) error {
	if s.embedded != nil {
		if err := s.embedded.start(ctx); err != nil {
			return err
		}
	}
	conn, err := driver.Open(s.client)
	if err != nil {
		return fmt.Errorf("make clickhouse pool: %w", err)
	}
	err = ping(ctx, conn)
	if err == nil {
		err = migrate(ctx, conn, s.o.Log)
	}
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	s.mu.Lock()
	s.conn, s.reason = conn, ""
	s.mu.Unlock()
	s.missing.Store(false)
	s.queue.wake()
	s.o.Log.Info("clickhouse is ready", "embedded", s.embedded != nil)
	return nil
}

// watch returns when the engine is gone, and why.
func (s *Store) watch(ctx context.Context) error {
	t := time.NewTicker(checkInterval)
	defer t.Stop()
	var died <-chan struct{}
	if s.embedded != nil {
		died = s.embedded.exited()
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-died:
			return s.embedded.obituary()
		case <-t.C:
			if s.embedded != nil {
				continue // it lives; how it feels is for Ping to say
			}
			if err := s.Ping(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// lost closes the connections and notes why the engine is not there.
func (s *Store) lost(reason string) {
	s.mu.Lock()
	conn := s.conn
	s.conn, s.reason = nil, reason
	s.mu.Unlock()
	if conn != nil {
		_ = conn.Close() // its statements have failed already
	}
}

// ready returns the connections, or an *Unavailable.
func (s *Store) ready() (driver.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return nil, &Unavailable{s.reason}
	}
	return s.conn, nil
}

// Ping asks the engine whether it answers.
func (s *Store) Ping(ctx context.Context) error {
	conn, err := s.ready()
	if err != nil {
		return err
	}
	return ping(ctx, conn)
}

func ping(ctx context.Context, conn driver.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := conn.Ping(ctx); err != nil {
		return fmt.Errorf("ping clickhouse: %w", err)
	}
	return nil
}

// direct keeps a proxy of the environment out of the way to a unix socket.
func direct(t *http.Transport) (http.RoundTripper, error) {
	t.Proxy = nil
	return t, nil
}

// unixDialer reaches every address through one socket.
func unixDialer(socket string) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "unix", socket)
	}
}
