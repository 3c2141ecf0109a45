package rest

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
)

// MaxBody bounds the body of a request.
const MaxBody = 1 << 20

// Validator is what request types implement to check themselves; return storage.Invalid.
type Validator interface{ Validate() error }

// Decode reads a JSON body into T: the size is limited, unknown fields are refused, Validate is called.
func Decode[T any](r *http.Request) (T, error) {
	var req T
	if err := DecodeOnto(r, &req); err != nil {
		return req, err
	}
	if v, ok := any(req).(Validator); ok {
		return req, v.Validate()
	}
	if v, ok := any(&req).(Validator); ok {
		return req, v.Validate()
	}
	return req, nil
}

// DecodeOnto reads a JSON body as Decode does, onto a value whose fields stay where the body does not name them. The
// caller validates. A list that is replaced reuses the old one's memory: pass a copy.
func DecodeOnto[T any](r *http.Request, req *T) error {
	if ct, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || ct != "application/json" {
		return Fail(http.StatusUnsupportedMediaType, "content_type", "send the body as application/json")
	}
	dec := json.NewDecoder(http.MaxBytesReader(nil, r.Body, MaxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(req); err != nil {
		return decodeError(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Fail(http.StatusBadRequest, "bad_json", "the body must hold one JSON value and nothing after it")
	}
	return nil
}

func decodeError(err error) error {
	var typeErr *json.UnmarshalTypeError
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		return errTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return Fail(http.StatusRequestTimeout, "timeout", "the body did not arrive in time")
	case errors.As(err, &typeErr):
		field := jsonPath(typeErr.Field)
		return FailField(http.StatusBadRequest, "bad_type", field, "%s must be %s, not %s", cmp.Or(field, "the body"), jsonKind(typeErr.Type), typeErr.Value)
	case strings.HasPrefix(err.Error(), "json: unknown field "): // the standard library has no type for it
		field := strings.Trim(strings.TrimPrefix(err.Error(), "json: unknown field "), `"`)
		return FailField(http.StatusBadRequest, "unknown_field", field, "there is no field %s", field)
	case errors.Is(err, io.EOF):
		return Fail(http.StatusBadRequest, "bad_json", "the body is empty")
	default:
		return Fail(http.StatusBadRequest, "bad_json", "the body is no valid JSON: %v", err)
	}
}

// jsonPath leaves the names of embedded Go structs, which begin with a capital, out of a field's path.
func jsonPath(field string) string {
	parts := strings.Split(field, ".")
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p != "" && p[0] >= 'A' && p[0] <= 'Z' }), ".")
}

func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return jsonKind(t.Elem())
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
