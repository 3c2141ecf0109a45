package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

const (
	writers      = 4  // connections of the panel
	readers      = 3  // connections of everybody else
	maxWaiting   = 64 // requests that wait for a connection; more are told to come again
	killInterval = 50 * time.Millisecond

	// homeDatabase is where statements run that name no database. The library's own "default" is an overlay with the
	// file system, and does without refreshable views.
	homeDatabase = "panel"
)

// engineVersion is the version of ClickHouse inside the library; set once, before anything is served.
var engineVersion = "unknown"

// engine is the running ClickHouse with its connections. They are opened at the start and never closed: the last one to
// close would stop the engine, and each new one resets signal handlers.
type engine struct {
	writers, readers chan *conn
	control          chan *conn // the one that cancels
	waiting          atomic.Int64
}

// openEngine starts ClickHouse on the directory.
func openEngine(o options) (*engine, error) {
	lib, err := loadLibrary(o.library)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(o.dir, "tmp"), 0o700); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	config, err := writeConfig(o)
	if err != nil {
		return nil, err
	}
	e := &engine{writers: make(chan *conn, writers), readers: make(chan *conn, readers), control: make(chan *conn, 1)}
	err = keepSignals(func() error {
		lib.setSignalHandlers(0)
		for _, pool := range []chan *conn{e.writers, e.readers, e.control} {
			for range cap(pool) {
				handle, err := lib.open([]string{"clickhouse", "--path=" + filepath.Join(o.dir, "store"), "--config-file=" + config})
				if err != nil {
					return err
				}
				pool <- &conn{lib: lib, handle: deref(handle)}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return e, e.prepare(o)
}

// prepare learns the version and the settings' values, and makes the readers' connections read-only for good: readonly=2
// forbids writing and lets a query have settings, within the constraints of the profile. Taking a profile brings its
// constraints but, in this library, not its values.
func (e *engine) prepare(o options) error {
	reader := []string{"SET profile = 'reader'"}
	for _, l := range readerLimits(o.memory) {
		reader = append(reader, fmt.Sprintf("SET %s = %d", l.name, l.value))
	}
	writer := []string{"CREATE DATABASE IF NOT EXISTS " + homeDatabase + " ENGINE = Atomic", "USE " + homeDatabase}
	for _, pool := range []struct {
		conns chan *conn
		setUp []string
	}{{e.writers, writer}, {e.readers, append(reader, "USE "+homeDatabase, "SET readonly = 2")}} {
		var defaults map[string]string
		for range cap(pool.conns) {
			c := <-pool.conns
			for _, sql := range pool.setUp {
				if _, err := c.run(statement{sql: sql, format: "TabSeparated"}); err != nil {
					return fmt.Errorf("set up connection: %w", err)
				}
			}
			if defaults == nil {
				var err error
				if defaults, err = c.settings(); err != nil {
					return err
				}
			}
			c.defaults, c.database = defaults, homeDatabase
			pool.conns <- c
		}
	}
	c := <-e.control
	defer func() { e.control <- c }()
	version, err := c.run(statement{sql: "SELECT version()", format: "TabSeparated"})
	if err != nil {
		return fmt.Errorf("ask for the version: %w", err)
	}
	engineVersion = strings.TrimSpace(string(version))
	return nil
}

// settings are the values that the connection has now, TSV-escaped, which is how a quoted text of SQL is escaped, too.
func (c *conn) settings() (map[string]string, error) {
	list, err := c.run(statement{sql: "SELECT name, value FROM system.settings", format: "TabSeparated"})
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(list)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		values[name] = value
	}
	return values, nil
}

// take waits for a free connection; the caller gives it back.
func (e *engine) take(ctx context.Context, readOnly bool) (c *conn, give func(), err error) {
	if e.waiting.Add(1) > maxWaiting {
		e.waiting.Add(-1)
		return nil, nil, fail(codeTooMany, "TOO_MANY_SIMULTANEOUS_QUERIES", "Too many simultaneous queries.")
	}
	defer e.waiting.Add(-1)
	pool := e.writers
	if readOnly {
		pool = e.readers
	}
	select {
	case c := <-pool:
		return c, func() { pool <- c }, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// cancelWith kills the statement that is marked with id when ctx ends. stop must be called when the statement has ended.
// The first attempt may come before the statement has begun, so it is repeated.
func (e *engine) cancelWith(ctx context.Context, id string) (stop func()) {
	ended := make(chan struct{})
	go func() {
		select {
		case <-ended:
			return
		case <-ctx.Done():
		}
		for {
			e.kill(id)
			select {
			case <-ended:
				return
			case <-time.After(killInterval):
			}
		}
	}()
	return func() { close(ended) }
}

// kill tells a statement to end. A failure shows as a statement that goes on, and is tried again.
func (e *engine) kill(id string) {
	c := <-e.control
	defer func() { e.control <- c }()
	_, _ = c.run(statement{sql: "KILL QUERY WHERE startsWith(query, '" + mark(id) + "') ASYNC", format: "TabSeparated"})
}

// mark is how a statement is found again among the running ones.
func mark(id string) string { return "/*q" + id + "*/" }
