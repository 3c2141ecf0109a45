// Package settings keeps what the operator can change while the panel runs; it is not for what needs a restart,
// which panel/config reads.
//
// It is the smallest complete feature: a store (storage/settings.go, storage/postgres), the service in this file,
// its handlers in http.go and a test. Copy it to start a new one.
package settings

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"monitoring/storage"
	"monitoring/storage/postgres"
)

// Reload is how soon a value written by someone else (a restore, another panel) is seen.
const Reload = 30 * time.Second

const loadTimeout = 10 * time.Second

// Service answers from memory what the settings are.
type Service struct {
	store   *postgres.Store
	log     *slog.Logger
	current atomic.Pointer[storage.Settings]
	writing sync.Mutex // orders loads and writes, so that an older load never replaces a newer value
}

// New loads the settings.
func New(ctx context.Context, store *postgres.Store, log *slog.Logger) (*Service, error) {
	s := &Service{store: store, log: log}
	return s, s.RunOnce(ctx)
}

// Run loads the settings again every Reload until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	t := time.NewTicker(Reload)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if err := s.RunOnce(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("load settings", "err", err)
			}
		}
	}
}

// RunOnce loads the stored values. If that fails, the last known ones stay.
func (s *Service) RunOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	s.writing.Lock()
	defer s.writing.Unlock()
	stored, err := s.store.Settings(ctx)
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	s.current.Store(&stored)
	return nil
}

// Get returns the settings as last loaded. The map is shared: do not change it.
func (s *Service) Get() storage.Settings { return *s.current.Load() }

// Int returns an integer setting.
func (s *Service) Int(key string) int { return s.Get().Int(key) }

// Seconds returns an integer setting as a duration in seconds.
func (s *Service) Seconds(key string) time.Duration { return s.Get().Seconds(key) }

// Set checks and stores one value; it is in force when Set returns.
func (s *Service) Set(ctx context.Context, key, value string) error {
	if err := storage.CheckSetting(key, value); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.store.SetSetting(ctx, key, value); err != nil {
		return fmt.Errorf("store setting: %w", err)
	}
	next := storage.Settings{}
	maps.Copy(next, s.Get())
	next[key] = value
	s.current.Store(&next)
	return nil
}
