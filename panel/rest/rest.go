// Package rest is the only code that knows status codes and JSON bodies: handlers that return errors,
// decoding with limits, encoding, the mapping of errors, the drop, server-sent events and the HTTP server's limits.
// It holds no business logic and decides nothing about who may call.
package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"monitoring/storage"
	"monitoring/words"
)

// Handler answers one request or says why not.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Error is an answer other than success. Detail is for people, Code is for programs, Words is Detail for the UI, which
// translates it.
type Error struct {
	Status    int             `json:"-"`
	Detail    string          `json:"detail"`
	Code      string          `json:"code"`
	Field     string          `json:"field,omitempty"`
	Words     *words.Sentence `json:"words,omitempty"`
	Log       string          `json:"error_log,omitempty"`  // what a program said, in its own words
	RequestID string          `json:"request_id,omitempty"` // only for internal errors: it finds the line in the log
}

func (e *Error) Error() string { return e.Detail }

// Fail returns an *Error.
func Fail(status int, code, format string, args ...any) error {
	return newError(status, code, "", words.Say(format, args...))
}

// FailField returns an *Error that names the field it is about.
func FailField(status int, code, field, format string, args ...any) error {
	return newError(status, code, field, words.Say(format, args...))
}

// FailWith returns an *Error that says what somebody else has worded.
func FailWith(status int, code string, t words.Sentence) error { return newError(status, code, "", t) }

func newError(status int, code, field string, t words.Sentence) *Error {
	return &Error{Status: status, Code: code, Field: field, Detail: t.English, Words: t.Translatable()}
}

// Words is what an error says to people.
func Words(err error) words.Sentence {
	var re *Error
	var fe *storage.FieldError
	switch {
	case errors.As(err, &re) && re.Words != nil:
		return *re.Words
	case errors.As(err, &fe) && fe.Words != nil:
		return *fe.Words
	}
	return words.Plain(err.Error())
}

// ErrDrop, returned by a handler, closes the connection without an answer.
var ErrDrop = errors.New("drop connection")

var errTooLarge = Fail(http.StatusRequestEntityTooLarge, "too_large", "the body is larger than %d bytes", MaxBody)

// Encode writes v as JSON.
func Encode(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client has gone; nobody is left to tell
	return nil
}

// Success is the answer of a write that has nothing else to say.
type Success struct {
	Success bool   `json:"success"`
	Message string `json:"message,omitempty"`
}

// Done writes {"success":true}.
func Done(w http.ResponseWriter) error { return Encode(w, http.StatusOK, Success{Success: true}) }

// WriteError maps err to an answer; 401, 403 and 429 drop the connection, and so does every error of a request that
// HideErrors marked. Only errors that nobody expected are logged.
func WriteError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	var re *Error
	var fe *storage.FieldError
	switch {
	case errors.Is(err, ErrDrop):
		Drop(w, r)
		return
	case errors.As(err, &re):
	case errors.As(err, &fe):
		re = &Error{Status: http.StatusBadRequest, Code: "invalid", Field: fe.Field, Detail: fe.Detail, Words: fe.Words}
	case errors.Is(err, storage.ErrNotFound):
		re = newError(http.StatusNotFound, "not_found", "", words.Say("there is no such thing"))
	case errors.Is(err, storage.ErrConflict):
		re = newError(http.StatusConflict, "conflict", "", words.Say("this clashes with something that exists already"))
	case r.Context().Err() != nil && errors.Is(err, context.Canceled):
		w.WriteHeader(499) // the client closed the request; nobody reads this
		return
	default:
		id := RequestID(r.Context())
		log.Error("answer request", "request", id, "method", r.Method, "path", r.URL.Path, "err", err)
		re = newError(http.StatusInternalServerError, "internal", "", words.Say("internal error; the panel's log says more"))
		re.RequestID = id
	}
	switch {
	case hidden(r.Context()),
		re.Status == http.StatusUnauthorized, re.Status == http.StatusForbidden, re.Status == http.StatusTooManyRequests:
		Drop(w, r)
		return
	}
	_ = Encode(w, re.Status, re) // an *Error always marshals
}
