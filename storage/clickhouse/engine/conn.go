package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unsafe"
)

// Classes of statements, as ClickHouse's own parser tells them apart.
const (
	classReadOnly = 0 // SELECT, SHOW, DESCRIBE, EXPLAIN, EXISTS without INTO OUTFILE
	classUnknown  = 4 // does not parse
)

// chunkSize is how much of an insert's rows goes to the library at once.
const chunkSize = 256 << 10

// conn is one connection of the library. It runs one statement at a time.
type conn struct {
	lib      *library
	handle   uintptr
	database string
	defaults map[string]string // values of the settings that a request finds
	dirty    []string          // settings that the request under way has changed
}

// classify says what a statement does, and how many statements there are, without running it.
func (c *conn) classify(sql string) (class, count uint32) {
	type analysis struct{ size, count, flags, class uint32 }
	text, a := []byte(sql), &analysis{class: classUnknown}
	a.size = uint32(unsafe.Sizeof(*a))
	if c.lib.classify(c.handle, unsafe.Pointer(first(text)), uintptr(len(text)), 0, 0, unsafe.Pointer(a)) != 0 {
		return classUnknown, 0
	}
	return a.class, a.count
}

// run executes a statement and returns its whole result, which had better be small.
func (c *conn) run(s statement) (out []byte, err error) {
	err = c.runTo(s, func(result []byte) error {
		out = append(out, result...)
		return nil
	})
	return out, err
}

// runTo executes a statement and hands over its whole result, in the library's memory: it is not to be kept.
func (c *conn) runTo(s statement, each func([]byte) error) error {
	result := s.call(c.lib.query, c.handle)
	defer c.lib.resultDestroy(result)
	if err := parseException(c.lib.resultError(result)); err != nil {
		return err
	}
	return each(c.lib.view(result))
}

// stream executes a query and hands over its result piece by piece. Each piece is a complete text of its format, so only
// formats without a head or a foot may be streamed.
func (c *conn) stream(s statement, each func([]byte) error) error {
	stream := s.call(c.lib.streamQuery, c.handle)
	defer c.lib.resultDestroy(stream)
	if err := parseException(c.lib.resultError(stream)); err != nil {
		return err
	}
	for {
		more, err := c.fetch(stream, each)
		if err != nil {
			c.lib.streamEnd(c.handle, stream) // of a stream that failed by itself, too: it does no harm
			return err
		}
		if !more {
			return nil
		}
	}
}

// fetch hands over the next piece of a stream, and reports whether there was one.
func (c *conn) fetch(stream uintptr, each func([]byte) error) (bool, error) {
	result := c.lib.streamFetch(c.handle, stream)
	defer c.lib.resultDestroy(result)
	if err := parseException(c.lib.resultError(result)); err != nil {
		return false, err
	}
	piece := c.lib.view(result)
	if len(piece) == 0 {
		return false, nil
	}
	return true, each(piece)
}

// insert feeds rows in the statement's format to an INSERT and returns how many rows were written. If data breaks off,
// nothing more of it is written.
func (c *conn) insert(s statement, data io.Reader) (uint64, error) {
	stream := s.call(c.lib.insert, c.handle)
	defer c.lib.insertDestroy(stream)
	if err := parseException(c.lib.insertError(stream)); err != nil {
		return 0, err
	}
	buffer := make([]byte, chunkSize)
	for {
		n, err := data.Read(buffer)
		if n > 0 && c.lib.insertAppend(stream, unsafe.Pointer(&buffer[0]), uintptr(n)) != 0 {
			if err := parseException(c.lib.insertError(stream)); err != nil {
				return 0, err
			}
			break // the end tells why
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil { // the client broke off
			c.lib.insertCancel(stream)
			return 0, err
		}
	}
	result := c.lib.insertDone(stream)
	defer c.lib.resultDestroy(result)
	if err := parseException(c.lib.resultError(result)); err != nil {
		return 0, err
	}
	return c.lib.resultRowsWritten(result), nil
}

// rinse empties the connection after a failure. What a failed statement had written already stays in the library and
// would be the beginning of the next result, which may be somebody else's. A connection that does not come clean ends
// the process, which is started again.
func (c *conn) rinse() {
	for range 5 {
		out, err := c.run(statement{sql: "SELECT 1", format: "TabSeparated"})
		if err == nil && string(out) == "1\n" {
			return
		}
	}
	fmt.Fprintln(os.Stderr, "engine: a connection does not come clean after a failure")
	os.Exit(1)
}

// set gives the connection the database and the settings of a request.
func (c *conn) set(req *request) error {
	db := req.database
	if db == "" || db == "default" { // which drivers send when nobody has named one
		db = homeDatabase
	}
	if db != c.database {
		if _, err := c.run(statement{sql: "USE `" + db + "`", format: "TabSeparated"}); err != nil {
			return err
		}
		c.database = db
	}
	var changes []string
	for _, s := range req.settings {
		if _, known := c.defaults[s.name]; !known {
			return fail(codeUnknownSetting, "UNKNOWN_SETTING", "Setting "+s.name+" is neither a builtin setting nor started with the prefix 'SQL_' registered for user-defined settings.")
		}
		changes = append(changes, s.name+" = '"+quoted.Replace(s.value)+"'")
	}
	if len(changes) == 0 {
		return nil
	}
	for _, s := range req.settings {
		c.dirty = append(c.dirty, s.name)
	}
	_, err := c.run(statement{sql: "SET " + strings.Join(changes, ", "), format: "TabSeparated"})
	return err // of several, some may have been set: the caller resets in any case
}

var quoted = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

// reset puts back what set changed.
func (c *conn) reset() {
	if len(c.dirty) == 0 {
		return
	}
	changes := make([]string, len(c.dirty))
	for i, name := range c.dirty {
		changes[i] = name + " = '" + c.defaults[name] + "'"
	}
	// The values are those that the connection began with; they cannot be refused.
	_, _ = c.run(statement{sql: "SET " + strings.Join(changes, ", "), format: "TabSeparated"})
	c.dirty = c.dirty[:0]
}
