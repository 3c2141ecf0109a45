package tsdb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"monitoring/durable"
)

// markRunning notes that the database is open, and returns how many starts before this one had no clean end.
func markRunning(root string) (unclean int, err error) {
	path := filepath.Join(root, runningFile)
	b, err := os.ReadFile(path)
	if err == nil {
		unclean, _ = strconv.Atoi(strings.TrimSpace(string(b)))
		unclean = max(1, unclean) // the file is there, whatever it says
	} else if !errors.Is(err, os.ErrNotExist) {
		return 0, fmt.Errorf("read running file: %w", err)
	}
	return unclean, writeRunning(root, unclean+1)
}

func writeRunning(root string, starts int) error {
	if err := durable.WriteFile(filepath.Join(root, runningFile), []byte(strconv.Itoa(starts)+"\n")); err != nil {
		return fmt.Errorf("write running file: %w", err)
	}
	return nil
}

// markClean notes a clean end.
func markClean(root string) error {
	if err := os.Remove(filepath.Join(root, runningFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove running file: %w", err)
	}
	return nil
}
