package scrape

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"monitoring/agent/api"
)

// document is a server's metrics document. It is decoded when somebody looks at it: most are replaced unread.
type document struct {
	at      time.Time
	metrics func() (api.Metrics, error)
}

func newDocument(page []byte, at time.Time) *document {
	return &document{at, sync.OnceValues(func() (api.Metrics, error) {
		var m api.Metrics
		if err := json.Unmarshal(page, &m); err != nil {
			return api.Metrics{}, fmt.Errorf("decode metrics document: %w", err)
		}
		// An honest document writes every field of every entry, and is smaller decoded than as text.
		if weight(reflect.ValueOf(m)) > 4*len(page)+maxEmptyDocument {
			return api.Metrics{}, errBloated
		}
		return m, nil
	})}
}

const maxEmptyDocument = 16 << 10

var errBloated = errors.New("decode metrics document: it consists of empty entries")

// weight is about how many bytes v takes; what pointers lead to is left out, there is only one.
func weight(v reflect.Value) int {
	bytes := int(v.Type().Size())
	switch v.Kind() {
	case reflect.String:
		bytes += v.Len()
	case reflect.Slice:
		bytes += v.Cap() * int(v.Type().Elem().Size())
		for i := range v.Len() {
			bytes += weight(v.Index(i)) - int(v.Type().Elem().Size())
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			bytes += 2 * (weight(key) + weight(value)) // half of the slots are free
		}
	case reflect.Struct:
		for i := range v.NumField() {
			bytes += weight(v.Field(i)) - int(v.Field(i).Type().Size())
		}
	}
	return bytes
}
