package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sys/unix"

	"monitoring/panel/rest"
)

// ownMetrics serves the panel's own metrics for a foreign Prometheus.
func ownMetrics(registry *prometheus.Registry) func(rest.Router) {
	h := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return func(r rest.Router) {
		r.Get("/", func(w http.ResponseWriter, req *http.Request) error {
			h.ServeHTTP(w, req)
			return nil
		})
	}
}

// certificateFiles serves a certificate from two files and reads them again, at most once a minute, when they changed:
// a renewal needs no restart, and a broken one keeps the certificate in use.
func certificateFiles(certFile, keyFile string) (*tls.Config, error) {
	first, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("load certificate: %w", err)
	}
	var mu sync.Mutex
	current, checked, modified := &first, time.Now(), modTime(certFile)
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			mu.Lock()
			defer mu.Unlock()
			if time.Since(checked) < time.Minute {
				return current, nil
			}
			checked = time.Now()
			if m := modTime(certFile); !m.Equal(modified) {
				if fresh, err := tls.LoadX509KeyPair(certFile, keyFile); err == nil {
					current, modified = &fresh, m
				}
			}
			return current, nil
		},
	}, nil
}

func modTime(file string) time.Time {
	info, err := os.Stat(file)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// lockDataDir keeps a second panel from using the same data. The lock goes with the process, however it ends.
func lockDataDir(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { // others have no business in it, but Postgres may run as another user
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("another panel runs with the data directory %s: stop it first, or set PANEL_DATA", dir)
	}
	return func() { f.Close() }, nil
}
