// Package rest is the only code that knows status codes and JSON bodies: handlers that return errors,
// decoding with limits, encoding, the mapping of errors, the drop and server-sent events. It holds no business
// logic and decides nothing about who may call.
package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"reflect"
	"strings"

	"monitoring/storage"
)

// MaxBody bounds the JSON body of a request.
const MaxBody = 1 << 20

// Handler answers one request or says why not.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Error is an answer other than success. Detail is for people, Code is stable and is what the UI translates.
type Error struct {
	Status int    `json:"-"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
	Field  string `json:"field,omitempty"`
}

func (e *Error) Error() string { return e.Detail }

// Fail returns an *Error.
func Fail(status int, code, detail string) error {
	return &Error{Status: status, Code: code, Detail: detail}
}

// ErrDrop, returned by a handler, closes the connection without an answer.
var ErrDrop = errors.New("drop connection")

// Validator is what request types implement to check themselves; return storage.Invalid.
type Validator interface{ Validate() error }

// Decode reads a JSON body into T: the size is limited, unknown fields are refused, Validate is called.
func Decode[T any](r *http.Request) (T, error) {
	var req T
	if ct, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || ct != "application/json" {
		return req, Fail(http.StatusUnsupportedMediaType, "content_type", "send the body as application/json")
	}
	dec := json.NewDecoder(http.MaxBytesReader(nil, r.Body, MaxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&req); err != nil {
		return req, decodeError(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return req, Fail(http.StatusBadRequest, "bad_json", "the body must hold one JSON value and nothing after it")
	}
	if v, ok := any(req).(Validator); ok {
		return req, v.Validate()
	}
	if v, ok := any(&req).(Validator); ok {
		return req, v.Validate()
	}
	return req, nil
}

func decodeError(err error) error {
	var typeErr *json.UnmarshalTypeError
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		return Fail(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("the body is larger than %d bytes", tooBig.Limit))
	case errors.As(err, &typeErr):
		return &Error{Status: http.StatusBadRequest, Code: "bad_type", Field: typeErr.Field,
			Detail: fmt.Sprintf("%s must be %s, not %s", cmpOr(typeErr.Field, "the body"), jsonKind(typeErr.Type), typeErr.Value)}
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		field := strings.Trim(strings.TrimPrefix(err.Error(), "json: unknown field "), `"`)
		return &Error{Status: http.StatusBadRequest, Code: "unknown_field", Field: field, Detail: "there is no field " + field}
	case errors.Is(err, io.EOF):
		return Fail(http.StatusBadRequest, "bad_json", "the body is empty")
	default:
		return Fail(http.StatusBadRequest, "bad_json", "the body is no valid JSON: "+err.Error())
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	default:
		return "a number"
	}
}

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

// WriteError maps err to an answer; 401, 403 and 429 drop the connection. Only errors that nobody expected are logged.
func WriteError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	var re *Error
	var fe *storage.FieldError
	switch {
	case errors.Is(err, ErrDrop):
		Drop(w, r)
		return
	case errors.As(err, &re):
	case errors.As(err, &fe):
		re = &Error{Status: http.StatusBadRequest, Code: "invalid", Field: fe.Field, Detail: fe.Detail}
	case errors.Is(err, storage.ErrNotFound):
		re = &Error{Status: http.StatusNotFound, Code: "not_found", Detail: "there is no such thing"}
	case errors.Is(err, storage.ErrConflict):
		re = &Error{Status: http.StatusConflict, Code: "conflict", Detail: "this clashes with something that exists already"}
	case r.Context().Err() != nil && errors.Is(err, context.Canceled):
		w.WriteHeader(499) // the client closed the request; nobody reads this
		return
	default:
		log.Error("answer request", "method", r.Method, "path", r.URL.Path, "err", err)
		re = &Error{Status: http.StatusInternalServerError, Code: "internal", Detail: "internal error; the panel's log says more"}
	}
	switch re.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		Drop(w, r)
		return
	}
	_ = Encode(w, re.Status, re) // an *Error always marshals
}
