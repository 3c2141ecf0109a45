package tsdb

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The engine keeps a tier as one partition per month, and a partition as three directories of parts. This file knows
// where they lie, so that a partition can be measured, checked, moved and removed while the engine does not have it open.
const (
	monthLayout = "2006_01" // the name of a partition
	smallKind   = "small"
	bigKind     = "big"
	indexKind   = "indexdb"
	partsFile   = "parts.json"
	removedFile = ".delete-this-dir" // the engine was removing this directory and will go on
)

var partitionKinds = []string{smallKind, bigKind, indexKind}

// partition is one month of one tier.
type partition struct {
	tier  string // directory
	name  string
	month time.Time // its first moment, UTC
}

// end is the first moment after the month.
func (p partition) end() time.Time { return p.month.AddDate(0, 1, 0) }

func (p partition) dir(kind string) string { return filepath.Join(p.tier, "data", kind, p.name) }

// partitions lists the months of a tier, newest first. A tier that does not exist yet has none.
func partitions(tier string) ([]partition, error) {
	found := map[string]partition{}
	for _, kind := range partitionKinds {
		entries, err := os.ReadDir(filepath.Join(tier, "data", kind))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("list partitions: %w", err)
		}
		for _, e := range entries {
			if month, err := time.Parse(monthLayout, e.Name()); err == nil {
				found[e.Name()] = partition{tier, e.Name(), month}
			}
		}
	}
	list := make([]partition, 0, len(found))
	for _, p := range found {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b partition) int { return b.month.Compare(a.month) })
	return list, nil
}

// bytes is the size of all files of the partition.
func (p partition) bytes() (uint64, error) {
	var total uint64
	for _, kind := range partitionKinds {
		n, err := dirBytes(p.dir(kind))
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// oldest is the time of the first sample on disk; false when there is none.
func (p partition) oldest() (time.Time, bool) {
	var times []int64
	for _, kind := range []string{smallKind, bigKind} {
		entries, err := os.ReadDir(p.dir(kind))
		if err != nil {
			continue
		}
		for _, e := range entries {
			var meta struct{ MinTimestamp int64 }
			b, err := os.ReadFile(filepath.Join(p.dir(kind), e.Name(), metadataFile))
			if err == nil && json.Unmarshal(b, &meta) == nil && meta.MinTimestamp > 0 {
				times = append(times, meta.MinTimestamp)
			}
		}
	}
	if len(times) == 0 {
		return time.Time{}, false
	}
	return time.UnixMilli(slices.MinFunc(times, cmp.Compare[int64])).UTC(), true
}

// removed tells that the engine was about to remove this partition when the process ended.
func (p partition) removed() bool {
	return slices.ContainsFunc(partitionKinds, func(kind string) bool {
		_, err := os.Stat(filepath.Join(p.dir(kind), removedFile))
		return err == nil
	})
}
