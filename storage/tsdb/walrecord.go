package tsdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"hash/maphash"
	"math"
)

// A segment is walMagic and records. A record is the length and the CRC-32C of its body, four bytes each, and the body,
// which begins with its kind:
//
//	layout  id, target, and the series names after the target: each a number of an earlier name, or 0 and a new name
//	values  layout id, one time, a value for each series of the layout
//	samples layout id, a time and a value for each series of the layout
//
// Numbers are varints, texts have their length before them, values are eight bytes.
const (
	walMagic  = "panelwal1\n"
	walSuffix = ".wal"

	walHeaderBytes    = 8
	maxWALRecordBytes = 256 << 20

	recordLayout  = 'L'
	recordValues  = 'V'
	recordSamples = 'S'
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	walSeed    = maphash.MakeSeed()
)

var errWALRecord = errors.New("damaged record")

// appendRecords writes a batch, and before it its layout if src has none in this segment.
func (s *walSegment) appendRecords(dst []byte, src *walSource, batch *rows) []byte {
	series := batch.seriesHash()
	if src.segment != s || src.series != series {
		s.layouts++
		src.segment, src.series, src.layout = s, series, s.layouts
		start := len(dst)
		dst = append(dst, make([]byte, walHeaderBytes)...)
		dst = s.appendLayout(dst, src, batch)
		endRecord(dst[start:])
	}
	start := len(dst)
	dst = append(dst, make([]byte, walHeaderBytes)...)
	dst = appendValues(dst, src.layout, batch)
	endRecord(dst[start:])
	return dst
}

// seriesHash tells apart the series of two batches of one source.
func (r *rows) seriesHash() uint64 {
	var h maphash.Hash
	h.SetSeed(walSeed)
	_, _ = h.Write(r.buf)
	var b [8]byte
	for _, end := range r.ends {
		binary.LittleEndian.PutUint64(b[:], uint64(end))
		_, _ = h.Write(b[:])
	}
	return h.Sum64()
}

func (s *walSegment) appendLayout(dst []byte, src *walSource, batch *rows) []byte {
	dst = append(dst, recordLayout)
	dst = binary.AppendUvarint(dst, src.layout)
	dst = binary.AppendUvarint(dst, uint64(len(src.target)))
	dst = append(dst, src.target...)
	dst = binary.AppendUvarint(dst, uint64(batch.len()))
	start := 0
	for _, end := range batch.ends {
		name := bytes.TrimPrefix(batch.buf[start:end], src.target)
		start = end
		if number, ok := s.names[string(name)]; ok {
			dst = binary.AppendUvarint(dst, number)
			continue
		}
		s.names[string(name)] = uint64(len(s.names) + 1)
		dst = append(dst, 0)
		dst = binary.AppendUvarint(dst, uint64(len(name)))
		dst = append(dst, name...)
	}
	return dst
}

func appendValues(dst []byte, layout uint64, batch *rows) []byte {
	at, same := batch.rows[0].Timestamp, true
	for i := range batch.rows {
		same = same && batch.rows[i].Timestamp == at
	}
	kind := byte(recordSamples)
	if same {
		kind = recordValues
	}
	dst = append(dst, kind)
	dst = binary.AppendUvarint(dst, layout)
	if same {
		dst = binary.AppendVarint(dst, at)
	}
	for i := range batch.rows {
		if !same {
			dst = binary.AppendVarint(dst, batch.rows[i].Timestamp)
		}
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(batch.rows[i].Value))
	}
	return dst
}

func endRecord(record []byte) {
	body := record[walHeaderBytes:]
	binary.LittleEndian.PutUint32(record, uint32(len(body)))
	binary.LittleEndian.PutUint32(record[4:], crc32.Checksum(body, castagnoli))
}

// walReader puts the records of one segment back into batches.
type walReader struct {
	names   []string
	layouts map[uint64]walLayout
}

type walLayout struct {
	target []byte
	series []string
}

// record reads one body. Rows are appended to batch.
func (r *walReader) record(body []byte, batch *rows) error {
	c := cursor{b: body}
	switch kind := c.byte(); kind {
	case recordLayout:
		r.layout(&c)
	case recordValues, recordSamples:
		l, ok := r.layouts[c.uvarint()]
		if !ok {
			return errWALRecord
		}
		var at int64
		if kind == recordValues {
			at = c.varint()
		}
		for _, name := range l.series {
			if kind == recordSamples {
				at = c.varint()
			}
			v := c.value()
			if c.bad {
				return errWALRecord
			}
			batch.addName(l.target, name, at, v)
		}
	default:
		c.bad = true
	}
	if c.bad || len(c.b) > 0 {
		return errWALRecord
	}
	return nil
}

func (r *walReader) layout(c *cursor) {
	id := c.uvarint()
	l := walLayout{target: bytes.Clone(c.text())}
	n := c.uvarint()
	if n > uint64(len(c.b)) { // each name takes a byte or more
		c.bad = true
		return
	}
	l.series = make([]string, 0, n)
	for range n {
		number := c.uvarint()
		if number == 0 {
			r.names = append(r.names, string(c.text()))
			number = uint64(len(r.names))
		}
		if c.bad || number > uint64(len(r.names)) {
			c.bad = true
			return
		}
		l.series = append(l.series, r.names[number-1])
	}
	r.layouts[id] = l
}

// cursor reads fields one after the other; after the first that is not there, bad stays set.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) take(n int) []byte {
	if c.bad || n < 0 || n > len(c.b) {
		c.bad = true
		return nil
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) byte() byte {
	if b := c.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.bad = true
		return 0
	}
	c.take(n)
	return v
}

func (c *cursor) varint() int64 {
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.bad = true
		return 0
	}
	c.take(n)
	return v
}

func (c *cursor) text() []byte {
	n := c.uvarint()
	if n > uint64(len(c.b)) {
		c.bad = true
		return nil
	}
	return c.take(int(n))
}

func (c *cursor) value() float64 {
	b := c.take(8)
	if b == nil {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}
