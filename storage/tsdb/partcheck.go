package tsdb

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/encoding"
)

// The engine panics, often in the background and hours later, about a part with a file that is missing or too short. The
// files of a part are written once, one block after the other, so the last entry of its index tells how long each has
// to be. Reading that entry takes well under a millisecond, so every part is checked at every start. A block that has
// the right length and the wrong bytes is not found here but by the deep probe.

const (
	metadataFile  = "metadata.json"
	metaindexFile = "metaindex.bin"
	indexFile     = "index.bin"

	dataMetaindexRow = 56 // bytes of a row of a data part's metaindex; the last 12 are offset and size of the index block
	dataBlockHeader  = 81 // bytes of an entry in it
)

// damageError says which file makes a partition unusable and why.
type damageError struct{ file, reason string }

func (e *damageError) Error() string { return e.file + ": " + e.reason }

// damage judges an error of reading a file: a file that is gone, unreadable for the disk or wrong inside is damage, and
// what the system refused for another reason, such as too many open files, says nothing about it.
func damage(path string, err error) error {
	var refused syscall.Errno
	if errors.As(err, &refused) && refused != syscall.ENOENT && refused != syscall.EIO {
		return fmt.Errorf("check %s: %w", path, err)
	}
	return &damageError{path, err.Error()}
}

// check returns the first damage in the partition as a *damageError.
func (p partition) check() error {
	if p.removed() {
		return nil
	}
	var data struct{ Small, Big []string }
	var index []string
	if err := readParts(p.dir(smallKind), &data); err != nil {
		return err
	}
	if err := readParts(p.dir(indexKind), &index); err != nil {
		return err
	}
	for _, kind := range []struct {
		name  string
		parts []string
		check func(dir string) error
	}{{smallKind, data.Small, checkDataPart}, {bigKind, data.Big, checkDataPart}, {indexKind, index, checkIndexPart}} {
		for _, part := range kind.parts {
			if err := kind.check(filepath.Join(p.dir(kind.name), part)); err != nil {
				return err
			}
		}
	}
	return nil
}

// readParts reads the list of parts. Without the file there is none to check: the engine makes one.
func readParts(dir string, list any) error {
	path := filepath.Join(dir, partsFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(b, list)
	}
	if err != nil {
		return damage(path, err)
	}
	return nil
}

// checkDataPart checks the files of a part with samples.
func checkDataPart(dir string) error {
	rows, err := readMetaindex(dir)
	if err != nil {
		return err
	}
	if len(rows) == 0 || len(rows)%dataMetaindexRow != 0 {
		return &damageError{filepath.Join(dir, metaindexFile), "its rows have the wrong length"}
	}
	tail := rows[len(rows)-12:]
	headers, err := readIndexBlock(dir, binary.BigEndian.Uint64(tail), binary.BigEndian.Uint32(tail[8:]))
	if err != nil {
		return err
	}
	if len(headers) == 0 || len(headers)%dataBlockHeader != 0 {
		return &damageError{filepath.Join(dir, indexFile), "its last block has the wrong length"}
	}
	last := headers[len(headers)-dataBlockHeader:]
	// After the series id (24 bytes), two times and a value come both offsets and both sizes.
	offsets, sizes := last[48:64], last[64:72]
	if err := checkLength(dir, "timestamps.bin", binary.BigEndian.Uint64(offsets), binary.BigEndian.Uint32(sizes)); err != nil {
		return err
	}
	return checkLength(dir, "values.bin", binary.BigEndian.Uint64(offsets[8:]), binary.BigEndian.Uint32(sizes[4:]))
}

// checkIndexPart checks the files of a part of the index of series.
func checkIndexPart(dir string) error {
	rows, err := readMetaindex(dir)
	if err != nil {
		return err
	}
	var offset uint64
	var size uint32
	for c := (cursor{b: rows}); len(c.b) > 0; {
		c.text() // first item
		c.take(4)
		b := c.take(12)
		if c.bad {
			return &damageError{filepath.Join(dir, metaindexFile), "its rows have the wrong length"}
		}
		offset, size = binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:])
	}
	headers, err := readIndexBlock(dir, offset, size)
	if err != nil {
		return err
	}
	var last []byte
	for c := (cursor{b: headers}); len(c.b) > 0; {
		c.text() // common prefix
		c.text() // first item
		c.take(5)
		last = c.take(24)
		if c.bad {
			return &damageError{filepath.Join(dir, indexFile), "its last block has the wrong length"}
		}
	}
	if last == nil {
		return &damageError{filepath.Join(dir, indexFile), "its last block is empty"}
	}
	if err := checkLength(dir, "items.bin", binary.BigEndian.Uint64(last), binary.BigEndian.Uint32(last[16:])); err != nil {
		return err
	}
	return checkLength(dir, "lens.bin", binary.BigEndian.Uint64(last[8:]), binary.BigEndian.Uint32(last[20:]))
}

// readMetaindex returns the rows that say where the index blocks lie.
func readMetaindex(dir string) ([]byte, error) {
	path := filepath.Join(dir, metadataFile)
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &struct{}{})
	}
	if err != nil {
		return nil, damage(path, err)
	}
	path = filepath.Join(dir, metaindexFile)
	if b, err = os.ReadFile(path); err == nil {
		b, err = encoding.DecompressZSTD(nil, b)
	}
	if err != nil {
		return nil, damage(path, err)
	}
	return b, nil
}

// readIndexBlock returns the headers of one index block.
func readIndexBlock(dir string, offset uint64, size uint32) ([]byte, error) {
	if err := checkLength(dir, indexFile, offset, size); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, indexFile)
	f, err := os.Open(path)
	if err != nil {
		return nil, damage(path, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, int64(offset), int64(size)))
	if err == nil {
		b, err = encoding.DecompressZSTD(nil, b)
	}
	if err != nil {
		return nil, damage(path, err)
	}
	return b, nil
}

// checkLength tells whether a file is long enough to hold its last block.
func checkLength(dir, name string, offset uint64, size uint32) error {
	path := filepath.Join(dir, name)
	info, err := os.Stat(path)
	if err != nil {
		return damage(path, err)
	}
	if want := offset + uint64(size); uint64(info.Size()) < want {
		return &damageError{path, fmt.Sprintf("cut off, it has %d of %d bytes", info.Size(), want)}
	}
	return nil
}
