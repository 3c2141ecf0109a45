package tsdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"time"

	"monitoring/durable"
)

const rollupFile = "rollup.json"

// rollupState is the file that remembers what is finished.
type rollupState struct {
	path string
	// keep is how long a finished window waits before the file says so: by then the engine has its rows on disk. A killed
	// process does the last windows again.
	keep    time.Duration
	saved   rollupMemory
	pending *rollupMemory // to be saved when old enough
	since   time.Time
}

type rollupMemory struct {
	Tiers map[string]tierMemory `json:"tiers"`
	// Types are those of metrics whose name tells another one. Exposition pages tell them again only some time after a
	// restart.
	Types map[string]string `json:"types"`
}

type tierMemory struct {
	Finished int64 `json:"finished"` // end of the last finished window, Unix milliseconds
	Last     int64 `json:"last"`     // end of the last window that had samples
}

// loadRollupState reads the file. Without it everything is rolled up again, which is slow and harmless.
func loadRollupState(path string, keep time.Duration, log *slog.Logger) *rollupState {
	s := &rollupState{path: path, keep: keep}
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &s.saved)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Error("read what was rolled up, doing it again", "file", path, "err", err)
		s.saved = rollupMemory{}
	}
	return s
}

// memory is what the file would say now.
func (r *rollup) memory() rollupMemory {
	m := rollupMemory{Tiers: map[string]tierMemory{}, Types: map[string]string{}}
	maps.Copy(m.Types, r.state.saved.Types)
	for _, j := range r.jobs {
		m.Tiers[j.to.name] = tierMemory{j.finished.Load(), j.last}
	}
	r.db.metadata.eachKind(func(metric, kind string) {
		if isCounter(metric, kind) != isCounter(metric, "") {
			m.Types[metric] = kind
		} else {
			delete(m.Types, metric)
		}
	})
	return m
}

// save writes the file when something that is old enough has changed.
func (r *rollup) save(now time.Time) error {
	s := r.state
	if s.pending != nil && now.Sub(s.since) >= s.keep {
		if err := s.write(*s.pending); err != nil {
			return err
		}
		s.pending = nil
	}
	if s.pending == nil {
		if m := r.memory(); !reflect.DeepEqual(m, s.saved) {
			s.pending, s.since = &m, now
		}
	}
	return nil
}

// close writes the file after the engine was closed, when all is on disk.
func (r *rollup) close() {
	if m := r.memory(); !reflect.DeepEqual(m, r.state.saved) {
		if err := r.state.write(m); err != nil {
			r.log.Error("remember what was rolled up", "err", err)
		}
	}
}

// write replaces the file in one step.
func (s *rollupState) write(m rollupMemory) error {
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write %s: %w", rollupFile, err)
	}
	if err := durable.WriteFile(s.path, b); err != nil {
		return fmt.Errorf("write %s: %w", rollupFile, err)
	}
	s.saved = m
	return nil
}
