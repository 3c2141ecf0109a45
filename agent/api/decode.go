package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// An agent may be a stranger's, and an empty JSON value of two bytes takes a hundred times as much once it is decoded. An
// honest answer names the fields of each entry, so that it is not much larger decoded than as text.
const (
	maxValues = 600_000 // a full process table has 400,000
	maxSwell  = 6
	freeSwell = 64 << 10 // bytes: an answer of hardly anything is larger decoded
)

// ErrSwells is returned for an answer that consists of empty entries.
var ErrSwells = errors.New("the agent's answer consists of empty entries")

// Decode reads an answer of an agent. What it returns takes at most some times what the page does.
func Decode[T any](page []byte) (T, error) {
	var out, none T
	if bytes.Count(page, []byte{','}) > maxValues {
		return none, fmt.Errorf("%w (%d values)", ErrTooLarge, maxValues)
	}
	if err := json.Unmarshal(page, &out); err != nil {
		return none, fmt.Errorf("decode: %w", err)
	}
	if Weight(out) > maxSwell*len(page)+freeSwell {
		return none, ErrSwells
	}
	return out, nil
}

// Weight is about how many bytes of memory v takes.
func Weight(v any) int { return weight(reflect.ValueOf(v)) }

func weight(v reflect.Value) int {
	if !v.IsValid() {
		return 0
	}
	own := int(v.Type().Size())
	switch v.Kind() {
	case reflect.String:
		return own + v.Len()
	case reflect.Slice:
		element := int(v.Type().Elem().Size())
		own += v.Cap() * element
		for i := range v.Len() {
			own += weight(v.Index(i)) - element
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			own += 2 * (weight(key) + weight(value)) // half of the slots are free
		}
	case reflect.Struct:
		if v.Type().PkgPath() == "time" {
			break // all share their locations
		}
		for i := range v.NumField() { //nolint:modernize // Fields would allocate a description of each
			own += weight(v.Field(i)) - int(v.Field(i).Type().Size())
		}
	case reflect.Pointer, reflect.Interface:
		own += weight(v.Elem())
	}
	return own
}
