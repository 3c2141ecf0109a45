// Package durable writes small private files that are there, and whole, after a loss of power: who reads one sees its old
// content or its new one, and never a part.
package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Unfinished ends the name of a file that is being written. One that a crash left behind is overwritten by the next try.
const Unfinished = ".tmp"

// WriteFile makes or replaces a file that only its owner can read. One at a time may write a path.
func WriteFile(path string, data []byte) error {
	tmp := path + Unfinished
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir makes last what was created, renamed or removed in a directory.
func SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}
