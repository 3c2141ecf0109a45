package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	headerTimeout = 10 * time.Second
	shutdownGrace = 5 * time.Second // for answers under way; then their statements are cancelled
)

// serve answers until ctx is done.
func serve(ctx context.Context, o options, h *handler) error {
	listeners, err := listen(o)
	if err != nil {
		return err
	}
	requests, cancelRequests := context.WithCancel(context.Background())
	defer cancelRequests()
	server := &http.Server{Handler: h, ReadHeaderTimeout: headerTimeout, BaseContext: func(net.Listener) context.Context { return requests }}
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- server.Serve(l) }()
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), shutdownGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		cancelRequests()
		if err := server.Close(); err != nil {
			return fmt.Errorf("stop serving: %w", err)
		}
	}
	return nil // the engine needs no good-bye: every acknowledged insert is on disk
}

// listen opens the unix socket, and the loopback address if there is one.
func listen(o options) ([]net.Listener, error) {
	if err := os.Remove(o.socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove old socket: %w", err)
	}
	unix, err := net.Listen("unix", o.socket)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if err := os.Chmod(o.socket, 0o600); err != nil {
		return nil, fmt.Errorf("protect socket: %w", err)
	}
	if o.listen == "" {
		return []net.Listener{unix}, nil
	}
	tcp, err := net.Listen("tcp", o.listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return []net.Listener{unix, tcp}, nil
}
