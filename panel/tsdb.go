package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"monitoring/storage/tsdb"
)

const tsdbUsage = "panel tsdb probe [-deep] DIR"

// runTSDB is the child in which the panel looks closer at a storage after an unclean end; it may die of what it finds.
func runTSDB(ctx context.Context, p program) error {
	if len(p.args) < 2 || len(p.args) > 3 || p.args[0] != "probe" || len(p.args) == 3 && p.args[1] != "-deep" {
		return errors.New("give " + tsdbUsage)
	}
	dir := p.args[len(p.args)-1]
	if info, err := os.Stat(dir); err != nil || !info.IsDir() { // the engine would make it
		return fmt.Errorf("find storage: %s is no directory", dir)
	}
	if err := tsdb.Probe(ctx, dir, len(p.args) == 3); err != nil {
		return fmt.Errorf("probe %s: %w", dir, err)
	}
	return nil
}

// probeCommand is how the panel calls itself for that.
func probeCommand() ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own program: %w", err)
	}
	return []string{self, "tsdb", "probe"}, nil
}
