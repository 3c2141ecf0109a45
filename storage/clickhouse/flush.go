package clickhouse

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"monitoring/durable"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

const (
	flushRows    = 20_000          // many small inserts would make many small parts to merge
	flushAge     = 5 * time.Second // how long a small batch waits for company
	flushPoll    = time.Second
	flushTimeout = 2 * time.Minute
	flushBackOff = 10 * time.Second
)

// flight is one insert under way: several files under one token. It is on disk before the insert begins, so after a crash
// the same rows are sent under the same token, and the engine takes them once.
type flight struct {
	Token string   `json:"token"`
	Files []string `json:"files"`
}

// flushLoop moves the queue into the engine while that is there.
func (s *Store) flushLoop(ctx context.Context) error {
	back := newPause(200*time.Millisecond, flushBackOff)
	for ctx.Err() == nil {
		moved, err := s.flush(ctx, false)
		switch {
		case err != nil && ctx.Err() != nil:
		case err != nil:
			if _, ok := errors.AsType[*Unavailable](err); !ok { // that is told elsewhere
				s.o.Log.Error("flush visits", "err", err)
			}
			s.metrics.flushErrors.Inc()
			sleep(ctx, back.next())
		case moved:
			back.reset()
		default:
			select {
			case <-ctx.Done():
			case <-s.queue.wakeup:
				sleep(ctx, 50*time.Millisecond) // a burst comes together
			case <-time.After(flushPoll):
			}
		}
	}
	return nil
}

// flush inserts the oldest files, and reports whether it did. Unless now is set it waits for more rows or some age.
func (s *Store) flush(ctx context.Context, now bool) (bool, error) {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	conn, err := s.ready()
	if err != nil {
		return false, err
	}
	f, err := s.nextFlight(now)
	if err != nil || f == nil {
		return false, err
	}
	b, gone, err := s.load(f)
	if err != nil {
		return false, err
	}
	if gone || b == nil { // a crash came between the insert and the cleaning
		return true, s.landed(f)
	}
	b.Token = f.Token
	err = s.send(ctx, conn, b)
	switch {
	case err == nil:
		s.metrics.inserted.Add(float64(b.Rows))
		return true, s.landed(f)
	case permanent[Code(err)] && len(f.Files) > 1: // find the bad one alone
		return true, s.replan(f.Files[:1])
	case permanent[Code(err)]:
		s.o.Log.Error("clickhouse refuses a batch for good, put aside", "file", f.Files[0], "rows", b.Rows, "err", err)
		if err := s.queue.reject(f.Files[0], s.o.Log); err != nil {
			return false, err
		}
		return true, s.landed(&flight{})
	}
	return false, err
}

// nextFlight returns the flight that an earlier attempt has begun, or a new one; nil when there is nothing to do yet.
func (s *Store) nextFlight(now bool) (*flight, error) {
	data, err := os.ReadFile(s.queue.path(inflightFile))
	if err == nil {
		f := &flight{}
		if err := json.Unmarshal(data, f); err != nil {
			return nil, fmt.Errorf("read %s: %w", s.queue.path(inflightFile), err)
		}
		return f, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read queue: %w", err)
	}
	files, rows, waited := s.queue.oldest(flushRows)
	if len(files) == 0 || !now && rows < flushRows && waited < flushAge {
		return nil, nil
	}
	if files, err = s.sameTable(files); err != nil || len(files) == 0 {
		return nil, err
	}
	return s.plan(files)
}

// sameTable returns the leading files whose rows go to one place; a damaged file is put aside.
func (s *Store) sameTable(files []string) ([]string, error) {
	var first *batch
	var same []string
	for _, name := range files {
		b, err := readBatch(s.queue.path(name), true)
		if errors.Is(err, errDamaged) {
			s.o.Log.Error("put batch aside", "err", err)
			if err := s.queue.reject(name, s.o.Log); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = b
		}
		if b.insert() != first.insert() {
			break
		}
		same = append(same, name)
	}
	return same, nil
}

func (s *Store) plan(files []string) (*flight, error) {
	f := &flight{Token: rand.Text(), Files: files}
	data, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("plan insert: %w", err)
	}
	if err := durable.WriteFile(s.queue.path(inflightFile), data); err != nil {
		return nil, fmt.Errorf("plan insert: %w", err)
	}
	return f, nil
}

// replan begins anew with fewer files. The engine took nothing of the flight before, since it refused it.
func (s *Store) replan(files []string) error {
	_, err := s.plan(files)
	return err
}

// load reads the files of a flight into one batch. gone means that some are missing: they are removed only after the
// insert, so the insert has happened. A batch of nil means that no readable file is left.
func (s *Store) load(f *flight) (whole *batch, gone bool, err error) {
	for _, name := range slices.Clone(f.Files) {
		b, err := readBatch(s.queue.path(name), false)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, true, nil
		case errors.Is(err, errDamaged):
			s.o.Log.Error("put batch aside", "err", err)
			if err := s.queue.reject(name, s.o.Log); err != nil {
				return nil, false, err
			}
			f.Files = slices.DeleteFunc(f.Files, func(n string) bool { return n == name })
			if len(f.Files) > 0 {
				if err := s.replan(f.Files); err != nil {
					return nil, false, err
				}
			}
			continue
		case err != nil:
			return nil, false, err
		}
		if whole == nil {
			whole = b
			continue
		}
		whole.Rows += b.Rows
		whole.body = append(whole.body, b.body...) // Native blocks may follow each other
	}
	return whole, false, nil
}

// send inserts a batch: one INSERT, whole or not at all.
func (s *Store) send(ctx context.Context, conn driver.Conn, b *batch) error {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	ctx = driver.Context(ctx, driver.WithSettings(driver.Settings{"insert_deduplication_token": b.Token}))
	if err := conn.InsertFormat(ctx, "Native", b.insert(), io.Reader(bytes.NewReader(b.body))); err != nil {
		return fmt.Errorf("insert %d rows: %w", b.Rows, err)
	}
	return nil
}

// landed removes the files of a flight, then the flight.
func (s *Store) landed(f *flight) error {
	if err := s.queue.done(f.Files); err != nil {
		return err
	}
	if err := os.Remove(s.queue.path(inflightFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("clean queue: %w", err)
	}
	return durable.SyncDir(s.queue.dir)
}

// permanent are exceptions that come from the rows and the table and will come again: texts that do not parse, columns
// that are not there, types that do not fit. Everything else passes, some time: memory, disk, a server that restarts.
var permanent = map[int32]bool{
	6: true, 7: true, 8: true, 9: true, 10: true, 16: true, 20: true, 27: true, 33: true, 44: true, 47: true, 53: true, 70: true, 117: true, 349: true,
}
