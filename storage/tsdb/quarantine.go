package tsdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"monitoring/durable"
)

// A partition that keeps its tier from opening is moved to quarantine/TIER/MONTH-TIME, never deleted. Whoever has mended
// it moves its directories back to TIER/data while the panel is stopped.
const (
	quarantineDir = "quarantine"
	reasonFile    = "reason.json"
	movingSuffix  = ".moving" // a move that is not complete
	// The engine empties its caches at start when it finds this file: they know series that only the moved index had.
	resetCacheFile = "cache/reset_cache_on_startup"
)

// Quarantined is a month of a tier that was moved away because the storage engine died of it.
type Quarantined struct {
	Tier      string    `json:"tier"`
	Partition string    `json:"partition"` // 2006_01
	Reason    string    `json:"reason"`
	Time      time.Time `json:"time"`
}

// quarantine moves a partition of the database in root away. A process that dies in here leaves a directory with
// movingSuffix, which restoreMoving puts back.
func quarantine(root string, p partition, reason string, now time.Time) error {
	tier := filepath.Base(p.tier)
	dir := filepath.Join(root, quarantineDir, tier, p.name+"-"+now.UTC().Format("20060102T150405.000"))
	moving := dir + movingSuffix
	if err := os.MkdirAll(moving, 0o700); err != nil {
		return fmt.Errorf("quarantine %s: %w", p.name, err)
	}
	note, err := json.MarshalIndent(Quarantined{tier, p.name, reason, now.UTC()}, "", "\t")
	if err != nil {
		return fmt.Errorf("quarantine %s: %w", p.name, err)
	}
	if err := durable.WriteFile(filepath.Join(moving, reasonFile), append(note, '\n')); err != nil {
		return fmt.Errorf("quarantine %s: %w", p.name, err)
	}
	if err := forgetCaches(p.tier); err != nil {
		return fmt.Errorf("quarantine %s: %w", p.name, err)
	}
	for _, kind := range partitionKinds {
		if err := os.Rename(p.dir(kind), filepath.Join(moving, kind)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("quarantine %s: %w", p.name, err)
		}
	}
	if err := durable.SyncDir(moving); err != nil {
		return fmt.Errorf("quarantine %s: %w", p.name, err)
	}
	if err := os.Rename(moving, dir); err != nil {
		return fmt.Errorf("quarantine %s: %w", p.name, err)
	}
	return durable.SyncDir(filepath.Dir(dir))
}

// forgetCaches makes the engine start with empty caches.
func forgetCaches(tier string) error {
	path := filepath.Join(tier, resetCacheFile)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return durable.WriteFile(path, nil)
}

// restoreMoving takes back every move that was not completed.
func restoreMoving(root string) error {
	unfinished, err := filepath.Glob(filepath.Join(root, quarantineDir, "*", "*"+movingSuffix))
	if err != nil {
		return fmt.Errorf("list quarantine: %w", err)
	}
	for _, moving := range unfinished {
		tier := filepath.Join(root, filepath.Base(filepath.Dir(moving)))
		month, _, _ := strings.Cut(filepath.Base(moving), "-")
		for _, kind := range partitionKinds {
			back := partition{tier: tier, name: month}.dir(kind)
			if err := os.Rename(filepath.Join(moving, kind), back); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("take %s back: %w", month, err)
			}
		}
		for _, rest := range []string{filepath.Join(moving, reasonFile), moving} { // fails when something unknown is in there
			if err := os.Remove(rest); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("take %s back: %w", month, err)
			}
		}
	}
	return nil
}

// quarantined lists what lies in quarantine, newest first.
func quarantined(root string) ([]Quarantined, error) {
	notes, err := filepath.Glob(filepath.Join(root, quarantineDir, "*", "*", reasonFile))
	if err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	list := []Quarantined{}
	for _, path := range notes {
		if strings.HasSuffix(filepath.Dir(path), movingSuffix) {
			continue
		}
		var q Quarantined
		b, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(b, &q)
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		list = append(list, q)
	}
	slices.SortStableFunc(list, func(a, b Quarantined) int { return b.Time.Compare(a.Time) })
	return list, nil
}
