package storage

import (
	"errors"

	"monitoring/words"
)

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
	Words  *words.Sentence
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Detail }

// Invalid returns a *FieldError.
func Invalid(field, format string, args ...any) error {
	t := words.Say(format, args...)
	return &FieldError{Field: field, Detail: t.English, Words: t.Translatable()}
}
