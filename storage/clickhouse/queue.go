package clickhouse

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"monitoring/durable"
)

const (
	batchSuffix  = ".batch"
	inflightFile = "inflight"
	rejectedDir  = "rejected"
	maxRejected  = 16 // files kept for a person to look at
)

// ErrQueueFull is returned while the engine has been away for so long that the disk space for waiting rows is used up.
// The rows stay with who wanted to hand them over.
var ErrQueueFull = errors.New("the queue of visits is full: see why ClickHouse is not there")

// queue keeps batches on disk until they are in the engine. A file is written, synced and renamed before put returns, so
// what is acknowledged survives a crash and a power cut. Files are taken oldest first.
type queue struct {
	dir     string
	max     int64 // bytes
	wakeup  chan struct{}
	dropped atomic.Int64 // rows

	mu    sync.Mutex
	next  uint64
	files []queued
	bytes int64
	rows  int64
}

type queued struct {
	name  string
	bytes int64
	rows  int
	since time.Time
}

// openQueue finds what an earlier run left behind.
func openQueue(dir string, maxBytes int64) (*queue, error) {
	if err := os.MkdirAll(filepath.Join(dir, rejectedDir), 0o700); err != nil {
		return nil, fmt.Errorf("make queue: %w", err)
	}
	q := &queue{dir: dir, max: maxBytes, wakeup: make(chan struct{}, 1)}
	entries, err := os.ReadDir(dir) // sorted by name, which is by age
	if err != nil {
		return nil, fmt.Errorf("read queue: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if strings.HasSuffix(e.Name(), durable.Unfinished) { // never acknowledged
			if err := os.Remove(path); err != nil {
				return nil, fmt.Errorf("clean queue: %w", err)
			}
			continue
		}
		number, isBatch := strings.CutSuffix(e.Name(), batchSuffix)
		if !isBatch {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			continue // not ours
		}
		q.next = max(q.next, n+1)
		info, err := e.Info()
		if err != nil {
			return nil, fmt.Errorf("read queue: %w", err)
		}
		f := queued{name: e.Name(), bytes: info.Size(), since: info.ModTime()}
		if b, err := readBatch(path, true); err == nil { // a damaged one is dealt with when its turn comes
			f.rows = b.Rows
		}
		q.add(f)
	}
	return q, nil
}

// put stores a batch.
func (q *queue) put(b *batch) error {
	data, err := b.encode()
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bytes+int64(len(data)) > q.max {
		q.dropped.Add(int64(b.Rows))
		return ErrQueueFull
	}
	name := fmt.Sprintf("%020d%s", q.next, batchSuffix)
	if err := durable.WriteFile(q.path(name), data); err != nil {
		return fmt.Errorf("queue batch: %w", err)
	}
	q.next++
	q.add(queued{name, int64(len(data)), b.Rows, time.Now()})
	q.wake()
	return nil
}

// add counts a file; the caller holds the lock.
func (q *queue) add(f queued) {
	q.files = append(q.files, f)
	q.bytes += f.bytes
	q.rows += int64(f.rows)
}

// wake tells the flush loop to look.
func (q *queue) wake() {
	select {
	case q.wakeup <- struct{}{}:
	default:
	}
}

func (q *queue) waiting() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.rows
}

func (q *queue) size() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes
}

// oldest returns files from the front, until they hold maxRows, and for how long the first has waited.
func (q *queue) oldest(maxRows int) (names []string, rows int, waited time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, f := range q.files {
		if i > 0 && rows+f.rows > maxRows {
			break
		}
		names, rows = append(names, f.name), rows+f.rows
	}
	if len(q.files) > 0 {
		waited = time.Since(q.files[0].since)
	}
	return names, rows, waited
}

func (q *queue) path(name string) string { return filepath.Join(q.dir, name) }

// done forgets files that are in the engine.
func (q *queue) done(names []string) error {
	for _, name := range names {
		if err := os.Remove(q.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clean queue: %w", err)
		}
		q.forget(name)
	}
	return durable.SyncDir(q.dir)
}

// reject puts a file aside that the engine will never take, and counts its rows as dropped.
func (q *queue) reject(name string, log *slog.Logger) error {
	if err := os.Rename(q.path(name), filepath.Join(q.dir, rejectedDir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("put batch aside: %w", err)
	}
	rows := q.forget(name)
	q.dropped.Add(int64(rows))
	old, err := filepath.Glob(filepath.Join(q.dir, rejectedDir, "*"+batchSuffix)) // sorted
	if err != nil {
		return fmt.Errorf("put batch aside: %w", err)
	}
	for _, path := range old[:max(0, len(old)-maxRejected)] {
		if err := os.Remove(path); err != nil {
			log.Error("remove rejected batch", "err", err)
		}
	}
	return nil
}

func (q *queue) forget(name string) (rows int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.files, func(f queued) bool { return f.name == name })
	if i < 0 {
		return 0
	}
	rows = q.files[i].rows
	q.bytes -= q.files[i].bytes
	q.rows -= int64(rows)
	q.files = slices.Delete(q.files, i, i+1)
	return rows
}
