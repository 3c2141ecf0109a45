package main

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library is libchdb's C interface, as far as we use it. Handles of C are uintptr: Go's garbage collector has no
// business with them. Texts go as pointer and length, so they may hold any byte.
type library struct {
	setSignalHandlers func(enabled int32)
	version           func() string
	connect           func(argc int32, argv unsafe.Pointer) uintptr
	closeConn         func(conn uintptr)
	classify          func(conn uintptr, sql unsafe.Pointer, size uintptr, database, databaseSize uintptr, out unsafe.Pointer) int32

	query       func(conn uintptr, sql unsafe.Pointer, size uintptr, format unsafe.Pointer, formatSize uintptr, names, nameSizes, values, valueSizes unsafe.Pointer, count uintptr) uintptr
	streamQuery func(conn uintptr, sql unsafe.Pointer, size uintptr, format unsafe.Pointer, formatSize uintptr, names, nameSizes, values, valueSizes unsafe.Pointer, count uintptr) uintptr
	streamFetch func(conn, result uintptr) uintptr
	streamEnd   func(conn, result uintptr)

	insert        func(conn uintptr, sql unsafe.Pointer, size uintptr, format unsafe.Pointer, formatSize uintptr, names, nameSizes, values, valueSizes unsafe.Pointer, count uintptr) uintptr
	insertAppend  func(stream uintptr, data unsafe.Pointer, size uintptr) int32
	insertDone    func(stream uintptr) uintptr
	insertCancel  func(stream uintptr)
	insertError   func(stream uintptr) string
	insertDestroy func(stream uintptr)

	resultBuffer      func(result uintptr) uintptr
	resultLength      func(result uintptr) uintptr
	resultError       func(result uintptr) string
	resultRowsWritten func(result uintptr) uint64
	resultDestroy     func(result uintptr)
}

// loadLibrary opens libchdb and finds its functions.
func loadLibrary(path string) (*library, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load library: %w", err)
	}
	l := &library{}
	for _, f := range []struct {
		name string
		to   any
	}{
		{"chdb_set_signal_handlers_enabled", &l.setSignalHandlers},
		{"chdb_version", &l.version},
		{"chdb_connect", &l.connect},
		{"chdb_close_conn", &l.closeConn},
		{"chdb_classify_query_n", &l.classify},
		{"chdb_query_with_params_n", &l.query},
		{"chdb_stream_query_with_params_n", &l.streamQuery},
		{"chdb_stream_fetch_result", &l.streamFetch},
		{"chdb_stream_cancel_query", &l.streamEnd},
		{"chdb_stream_insert_with_params_n", &l.insert},
		{"chdb_stream_append", &l.insertAppend},
		{"chdb_stream_done", &l.insertDone},
		{"chdb_stream_cancel_insert", &l.insertCancel},
		{"chdb_stream_insert_error", &l.insertError},
		{"chdb_destroy_insert_stream", &l.insertDestroy},
		{"chdb_result_buffer", &l.resultBuffer},
		{"chdb_result_length", &l.resultLength},
		{"chdb_result_error", &l.resultError},
		{"chdb_result_rows_written", &l.resultRowsWritten},
		{"chdb_destroy_query_result", &l.resultDestroy},
	} {
		symbol, err := purego.Dlsym(handle, f.name)
		if err != nil {
			return nil, fmt.Errorf("%s is not the library that this program was made for: %w", path, err)
		}
		purego.RegisterFunc(f.to, symbol)
	}
	return l, nil
}

// param is one {name:Type} value of a query, TSV-escaped as the engine reads it.
type param struct{ name, value string }

// params lays out parameters as the C functions take them: four arrays of the same length.
type params struct {
	names, values         []*byte
	nameSizes, valueSizes []uintptr
}

func layOut(list []param) params {
	var p params
	for _, one := range list {
		p.names = append(p.names, first([]byte(one.name)))
		p.nameSizes = append(p.nameSizes, uintptr(len(one.name)))
		p.values = append(p.values, first([]byte(one.value)))
		p.valueSizes = append(p.valueSizes, uintptr(len(one.value)))
	}
	return p
}

// first is the address of the first byte; of an empty text, of a byte of its own, since C may not like nil.
func first(b []byte) *byte {
	if len(b) == 0 {
		return new(byte)
	}
	return &b[0]
}

// statement is a text with its output or input format and parameters.
type statement struct {
	sql, format string
	params      []param
}

type cFunc = func(conn uintptr, sql unsafe.Pointer, size uintptr, format unsafe.Pointer, formatSize uintptr, names, nameSizes, values, valueSizes unsafe.Pointer, count uintptr) uintptr

// call passes a statement to one of the three functions that take one.
func (s statement) call(f cFunc, conn uintptr) uintptr {
	sql, format, p := []byte(s.sql), []byte(s.format), layOut(s.params)
	handle := f(conn, unsafe.Pointer(first(sql)), uintptr(len(sql)), unsafe.Pointer(first(format)), uintptr(len(format)),
		unsafe.Pointer(unsafe.SliceData(p.names)), unsafe.Pointer(unsafe.SliceData(p.nameSizes)),
		unsafe.Pointer(unsafe.SliceData(p.values)), unsafe.Pointer(unsafe.SliceData(p.valueSizes)), uintptr(len(s.params)))
	runtime.KeepAlive(sql)
	runtime.KeepAlive(format)
	runtime.KeepAlive(p)
	return handle
}

// open connects to the storage that args name; the first connection starts the engine.
func (l *library) open(args []string) (uintptr, error) {
	argv := make([]*byte, len(args)+1) // C's argv ends with a null pointer
	for i, a := range args {
		argv[i] = first(append([]byte(a), 0))
	}
	conn := l.connect(int32(len(args)), unsafe.Pointer(unsafe.SliceData(argv)))
	runtime.KeepAlive(argv)
	if conn == 0 {
		return 0, errors.New("the engine does not open the directory; its own lines above say why")
	}
	return conn, nil
}

// deref reads the pointer that p points to: chdb_connect returns the address of a handle.
func deref(p uintptr) uintptr { return **(**uintptr)(unsafe.Pointer(&p)) }

// view is the bytes of a result, where the library has them: they go when the result is destroyed.
func (l *library) view(result uintptr) []byte {
	size, buffer := l.resultLength(result), l.resultBuffer(result)
	if size == 0 || buffer == 0 {
		return nil
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&buffer)), size)
}
