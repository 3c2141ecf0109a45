package tsdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"monitoring/durable"
)

// The storage engine keeps new rows in memory for a while. The write-ahead log bridges them: each batch is written to it
// before the engine gets it, so a killed process loses nothing and a machine without power at most walSync.
const (
	walDir         = "wal"
	walSync        = 2 * time.Second
	walSegmentAge  = 30 * time.Second
	walSegmentSize = 64 << 20 // bytes
	walRetry       = 10 * time.Second
	walTick        = time.Second
)

// wal is the write-ahead log. When it cannot be written the database goes on without it: samples matter more than
// their insurance.
type wal struct {
	dir        string
	log        *slog.Logger
	segmentAge time.Duration
	keep       time.Duration // after a segment was closed the engine has its rows on disk

	mu       sync.Mutex
	segment  *walSegment   // nil: samples are not logged now
	old      []*walSegment // closed, or of an earlier process
	last     uint64        // number of the newest segment
	buf      []byte
	retry    time.Time // when to open a segment after a failure
	synced   time.Time
	failures atomic.Uint64
	replayed atomic.Uint64 // rows taken over from an earlier process
}

// walSegment is one file of the log. It can be read without any other.
type walSegment struct {
	path    string
	f       *os.File // nil once closed
	size    int64
	opened  time.Time
	closed  time.Time
	kept    bool // not replayed yet, see replayKept
	writers int  // batches written here that the engine does not have yet
	names   map[string]uint64
	layouts uint64
}

// walSource is what the log remembers of one writer, so that a batch with the same series as the one before is logged
// as values only. It is used by one goroutine at a time.
type walSource struct {
	target  []byte // what all series names begin with
	segment *walSegment
	layout  uint64
	series  uint64 // hash of the layout's series
}

func openWAL(dir string, segmentAge, keep time.Duration, log *slog.Logger) *wal {
	return &wal{dir: dir, log: log, segmentAge: segmentAge, keep: keep}
}

// write logs a batch. After the engine has the rows the caller calls done with the result.
func (w *wal) write(src *walSource, batch *rows) *walSegment {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.segment != nil && w.segment.size > walSegmentSize {
		w.rotate(time.Now())
	}
	s := w.segment
	if s == nil || batch.len() == 0 {
		return nil
	}
	w.buf = s.appendRecords(w.buf[:0], src, batch)
	n, err := s.f.Write(w.buf)
	s.size += int64(n)
	if err != nil {
		w.fail(fmt.Errorf("write log: %w", err))
		return nil
	}
	s.writers++
	return s
}

func (w *wal) done(s *walSegment) {
	if s == nil {
		return
	}
	w.mu.Lock()
	s.writers--
	w.mu.Unlock()
}

// fail goes on without a log until retry. The segment stays: all but its last record is whole.
func (w *wal) fail(err error) {
	w.failures.Add(1)
	w.log.Error("the write-ahead log stopped, a crash would lose the last seconds of samples", "err", err, "retry_after", walRetry)
	w.closeSegment(time.Now())
	w.retry = time.Now().Add(walRetry)
}

func (w *wal) closeSegment(now time.Time) {
	s := w.segment
	if s == nil {
		return
	}
	w.segment = nil
	if err := s.f.Close(); err != nil {
		w.log.Error("close log segment", "file", s.path, "err", err)
	}
	s.f, s.closed, s.names = nil, now, nil
	w.old = append(w.old, s)
}

// rotate closes the segment and opens the next. The log is locked.
func (w *wal) rotate(now time.Time) {
	if w.segment != nil {
		if err := w.segment.f.Sync(); err != nil {
			w.fail(fmt.Errorf("sync log: %w", err))
			return
		}
	}
	w.closeSegment(now)
	s, err := w.createSegment(now)
	if err != nil {
		w.fail(err)
		return
	}
	w.segment = s
}

func (w *wal) createSegment(now time.Time) (*walSegment, error) {
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	w.last++
	path := filepath.Join(w.dir, fmt.Sprintf("%016d%s", w.last, walSuffix))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	s := &walSegment{path: path, f: f, opened: now, names: map[string]uint64{}}
	if _, err = f.WriteString(walMagic); err == nil {
		err = durable.SyncDir(w.dir)
	}
	if err != nil {
		f.Close()
		s.f, s.closed, s.names = nil, now, nil
		w.old = append(w.old, s)
		return nil, fmt.Errorf("open log: %w", err)
	}
	s.size = int64(len(walMagic))
	return s, nil
}

// Run keeps the log short and synced until ctx is done.
func (w *wal) Run(ctx context.Context) error {
	t := time.NewTicker(min(walTick, w.segmentAge))
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-t.C:
			w.runOnce(now)
		}
	}
}

// runOnce rotates, removes and syncs what is due. The sync runs without the lock, so appends go on meanwhile.
func (w *wal) runOnce(now time.Time) {
	w.mu.Lock()
	if s := w.segment; s == nil && !now.Before(w.retry) || s != nil && now.Sub(s.opened) >= w.segmentAge {
		w.rotate(now)
	}
	w.removeOld(now)
	s := w.segment
	if s == nil || now.Sub(w.synced) < walSync {
		w.mu.Unlock()
		return
	}
	w.synced = now
	f := s.f
	w.mu.Unlock()
	if err := f.Sync(); err != nil && !errors.Is(err, os.ErrClosed) { // rotation closed it after a sync of its own
		w.mu.Lock()
		w.fail(fmt.Errorf("sync log: %w", err))
		w.mu.Unlock()
	}
}

// removeOld deletes the segments whose rows the engine has on disk.
func (w *wal) removeOld(now time.Time) {
	left := w.old[:0]
	for _, s := range w.old {
		if s.writers > 0 {
			s.closed = now
		}
		if s.kept || now.Sub(s.closed) < w.keep || !w.remove(s) {
			left = append(left, s)
		}
	}
	clear(w.old[len(left):])
	w.old = left
}

func (w *wal) remove(s *walSegment) bool {
	if err := os.Remove(s.path); err != nil && !os.IsNotExist(err) {
		w.log.Error("remove log segment", "file", s.path, "err", err)
		return false
	}
	return true
}

// close removes the log: the engine has been closed and has everything on disk.
func (w *wal) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closeSegment(time.Now())
	for _, s := range w.old {
		if !s.kept {
			w.remove(s)
		}
	}
	w.old = nil
}

// walStats are for the metrics.
type walStats struct {
	up       bool
	bytes    int64
	replayed uint64
}

func (w *wal) stats() walStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	st := walStats{up: w.segment != nil, replayed: w.replayed.Load()}
	if st.up {
		st.bytes = w.segment.size
	}
	for _, s := range w.old {
		st.bytes += s.size
	}
	return st
}
