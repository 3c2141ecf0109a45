package scrape

import (
	"bytes"
	"context"
	"errors"
	"net"
	"unicode/utf8"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/storage/tsdb"
)

// pageError says why an answer is no metrics page at all; what is wrong inside one, the parser says.
type pageError string

func (e pageError) Error() string { return string(e) }

const (
	errEmpty  = pageError("the metrics page is empty")
	errHTML   = pageError("the metrics page is HTML: something else answers on the agent's port")
	errBinary = pageError("the metrics page is binary")
	errBroken = pageError("the metrics page is cut off: the connection broke in the middle of it")
)

// checkPage refuses what is plainly no exposition. The content decides, not the Content-Type.
func checkPage(page []byte) error {
	text := bytes.TrimLeft(page, " \t\r\n")
	switch {
	case len(text) == 0:
		return errEmpty
	case text[0] == '<':
		return errHTML
	case bytes.IndexByte(page, 0) >= 0 || !utf8.Valid(page):
		return errBinary
	}
	return nil
}

// reason sorts errors for panel_scrape_errors_total.
func reason(err error) string {
	var notPage pageError
	var page *tsdb.PageError
	var status *api.StatusError
	var store *storeError
	var dial *fleet.DialError
	var timeout net.Error
	switch {
	case errors.As(err, &notPage), errors.As(err, &page):
		return "page"
	case errors.As(err, &store):
		return "store"
	case errors.As(err, &status):
		return "status"
	case errors.Is(err, api.ErrTooLarge):
		return "too_large"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.As(err, &dial):
		return dial.Stage // dns, tcp, tls, identity
	default:
		return "connection"
	}
}

// storeError is a page that was good but could not be written: no fault of the agent.
type storeError struct{ err error }

func (e *storeError) Error() string { return "write samples: " + e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }
