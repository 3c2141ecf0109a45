package tsdb

import (
	"errors"
	"fmt"
)

var (
	// ErrClosed is returned by every method after Close.
	ErrClosed = errors.New("tsdb is closed")
	// ErrInUse is returned by Open for a directory that is open already.
	ErrInUse = errors.New("tsdb directory is in use")
	// ErrReadOnly is returned by every append while the disk is nearly full; queries go on.
	ErrReadOnly = errors.New("tsdb is read-only: the disk has less than 1 GB or 5 % free")
	// ErrBusy is returned when too many queries wait already.
	ErrBusy = errors.New("too many queries are waiting, repeat the request later")

	// The reasons of a *PageError.
	ErrPageSyntax    = errors.New("not the Prometheus text format")
	ErrPageTruncated = errors.New("page is cut off: the last line has no line feed")
	ErrSampleLimit   = errors.New("page has more samples than allowed")
	ErrLabelLimit    = errors.New("label limit exceeded")
	ErrChurn         = errors.New("page keeps bringing series that it did not have before")
)

// ParseError is a PromQL expression or selector that cannot be read. Its text is Prometheus' own.
type ParseError struct{ Err error }

func (e *ParseError) Error() string { return e.Err.Error() }
func (e *ParseError) Unwrap() error { return e.Err }

// TooManySeriesError is returned for a selector that matches more series than one query may touch.
type TooManySeriesError struct{ Limit int }

func (e *TooManySeriesError) Error() string {
	return fmt.Sprintf("the selector matches more than %d series, narrow it down with label matchers or a shorter time range", e.Limit)
}

// SampleError says which sample cannot be stored and why.
type SampleError struct {
	Series string
	Time   int64 // Unix milliseconds
	Reason string
}

func (e *SampleError) Error() string {
	return fmt.Sprintf("sample of %s at %d: %s", e.Series, e.Time, e.Reason)
}

// PageError says why an exposition page was refused. Nothing of the page was stored.
type PageError struct {
	Line   int    // 1 is the first, 0 when the page as a whole is meant
	Detail string // may be empty
	Err    error  // ErrPageSyntax, ErrPageTruncated, ErrSampleLimit, ErrLabelLimit or ErrChurn
}

func (e *PageError) Error() string {
	s := "exposition page"
	if e.Line > 0 {
		s += fmt.Sprintf(" line %d", e.Line)
	}
	s += ": " + e.Err.Error()
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

func (e *PageError) Unwrap() error { return e.Err }
