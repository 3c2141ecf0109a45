package storage

import "errors"

var (
	// ErrNotFound is returned by every store for a thing that is not there.
	ErrNotFound = errors.New("not found")
	// ErrConflict is returned by every store for a write that clashes with what is already there.
	ErrConflict = errors.New("conflict")
)

// FieldError says which field of an input is wrong and how to mend it.
type FieldError struct {
	Field  string // JSON key of the field
	Detail string // what is wrong and the fix, one sentence
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Detail }

// Invalid returns a *FieldError.
func Invalid(field, detail string) error { return &FieldError{Field: field, Detail: detail} }
