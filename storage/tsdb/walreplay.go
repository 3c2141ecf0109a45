package tsdb

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// replay hands the rows of the segments of an earlier process to add, opens a new segment and keeps the replayed ones
// until the engine has written the rows. To replay a segment again is harmless: readers drop duplicate timestamps. When
// add fails, as on a full disk, the segments stay for replayKept or the next start. Nothing here keeps the database from opening.
func (w *wal) replay(add func(*rows) error) {
	paths, err := w.list()
	if err != nil {
		w.failures.Add(1)
		w.log.Error("read the write-ahead log", "err", err)
	}
	var refused error
	for _, path := range paths {
		s := &walSegment{path: path}
		w.old = append(w.old, s)
		if refused == nil {
			s.size, refused = w.replaySegment(path, add)
		}
		s.kept = refused != nil
	}
	now := time.Now()
	for _, s := range w.old {
		s.closed = now
	}
	if refused != nil {
		w.log.Error("the write-ahead log is kept until samples can be stored", "err", refused)
	} else if n := w.replayed.Load(); n > 0 {
		w.log.Info("took samples over from the write-ahead log", "samples", n)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rotate(now)
}

// replayKept tries again what could not be replayed at start, once there is space.
func (w *wal) replayKept(add func(*rows) error) {
	w.mu.Lock()
	var kept []*walSegment
	for _, s := range w.old {
		if s.kept {
			kept = append(kept, s)
		}
	}
	w.mu.Unlock()
	for _, s := range kept { // nobody else touches a kept segment
		size, err := w.replaySegment(s.path, add)
		if err != nil {
			w.log.Error("the write-ahead log is still kept", "file", s.path, "err", err)
			return
		}
		w.mu.Lock()
		s.size, s.kept, s.closed = size, false, time.Now()
		w.mu.Unlock()
	}
}

// list returns the segments in the order they were written.
func (w *wal) list() ([]string, error) {
	entries, err := os.ReadDir(w.dir)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		number, ok := strings.CutSuffix(e.Name(), walSuffix)
		n, err := strconv.ParseUint(number, 10, 64)
		if !ok || err != nil {
			continue
		}
		w.last = max(w.last, n)
		paths = append(paths, filepath.Join(w.dir, e.Name()))
	}
	slices.Sort(paths) // the numbers have the same length
	return paths, nil
}

// replaySegment reads one segment up to its end or its first damaged record, which usually is the one that was being
// written when the process died. The error is add's.
func (w *wal) replaySegment(path string, add func(*rows) error) (size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	magic := make([]byte, len(walMagic))
	if _, err := io.ReadFull(in, magic); err != nil || string(magic) != walMagic {
		w.skipped(path, 0, errWALRecord)
		return 0, nil
	}
	size = int64(len(walMagic))
	r := walReader{layouts: map[uint64]walLayout{}}
	batch := getRows()
	defer putRows(batch)
	var body []byte
	for {
		if body, err = readRecord(in, body); err == nil {
			err = r.record(body, batch)
		}
		if err != nil {
			w.skipped(path, size, err)
			return size, nil
		}
		size += int64(walHeaderBytes + len(body))
		n := uint64(batch.len())
		if err := add(batch); err != nil {
			return size, err
		}
		w.replayed.Add(n)
		batch.reset()
	}
}

// skipped tells what follows the last whole record, if anything does.
func (w *wal) skipped(path string, size int64, err error) {
	if info, statErr := os.Stat(path); statErr == nil && info.Size() > size {
		w.log.Info("the end of a log segment is cut off", "file", path, "bytes", info.Size()-size, "err", err)
	}
}

// readRecord reads one record into buf, which it may replace. io.EOF is the proper end of a segment.
func readRecord(in io.Reader, buf []byte) ([]byte, error) {
	var header [walHeaderBytes]byte
	if _, err := io.ReadFull(in, header[:]); err != nil {
		return buf, err
	}
	n := binary.LittleEndian.Uint32(header[:])
	if n > maxWALRecordBytes {
		return buf, errWALRecord
	}
	buf = buf[:0]
	for len(buf) < int(n) { // a damaged length must not take memory that the file does not have
		part := min(int(n)-len(buf), 1<<20)
		start := len(buf)
		buf = slices.Grow(buf, part)[:start+part]
		if _, err := io.ReadFull(in, buf[start:]); err != nil {
			return buf, errors.Join(errWALRecord, err)
		}
	}
	if crc32.Checksum(buf, castagnoli) != binary.LittleEndian.Uint32(header[4:]) {
		return buf, errWALRecord
	}
	return buf, nil
}
