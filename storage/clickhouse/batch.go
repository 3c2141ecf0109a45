package clickhouse

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
)

// batch is a number of rows of one table, encoded as ClickHouse's Native format, which needs no other text to be read.
type batch struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
	Rows    int      `json:"rows"`
	Token   string   `json:"token"` // the engine takes an insert with the same token once
	Size    int      `json:"size"`  // of the body in the file
	Sum     uint32   `json:"sum"`   // CRC-32C of it

	body []byte // Native, not compressed
}

// columnType names a column and its type in ClickHouse.
type columnType struct{ name, kind string }

// newBatch encodes rows: each has as many values as there are columns.
func newBatch(table string, columns []columnType, rows [][]any) (*batch, error) {
	block := proto.NewBlock()
	b := &batch{Table: table, Rows: len(rows), Token: rand.Text()}
	for _, c := range columns {
		if err := block.AddColumn(c.name, column.Type(c.kind)); err != nil {
			return nil, fmt.Errorf("encode batch: %w", err)
		}
		b.Columns = append(b.Columns, c.name)
	}
	for _, row := range rows {
		if err := block.Append(row...); err != nil {
			return nil, fmt.Errorf("encode batch: %w", err)
		}
	}
	var buffer chproto.Buffer
	if err := block.Encode(&buffer, 0); err != nil {
		return nil, fmt.Errorf("encode batch: %w", err)
	}
	b.body = buffer.Buf
	return b, nil
}

// insert is the statement that takes the body.
func (b *batch) insert() string {
	return "INSERT INTO " + b.Table + " (" + strings.Join(b.Columns, ", ") + ")"
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maxPacked is how much of a body goes into one compressed block.
const maxPacked = 4 << 20

// encode is the batch as a file: a line of JSON, then the body in compressed blocks.
func (b *batch) encode() ([]byte, error) {
	packer := compress.NewWriter(compress.LevelZero, compress.LZ4)
	var packed []byte
	for rest := b.body; len(rest) > 0; {
		part := rest[:min(len(rest), maxPacked)]
		rest = rest[len(part):]
		if err := packer.Compress(part); err != nil {
			return nil, fmt.Errorf("compress batch: %w", err)
		}
		packed = append(packed, packer.Data...)
	}
	b.Size, b.Sum = len(packed), crc32.Checksum(packed, castagnoli)
	head, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("encode batch: %w", err)
	}
	return append(append(head, '\n'), packed...), nil
}

var errDamaged = errors.New("the file of a batch is damaged")

// readBatch reads a file that encode made; with headOnly, without the body.
func readBatch(path string, headOnly bool) (*batch, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read batch: %w", err)
	}
	head, packed, found := bytes.Cut(data, []byte("\n"))
	b := &batch{}
	if !found || json.Unmarshal(head, b) != nil || len(packed) != b.Size || b.Rows < 1 {
		return nil, fmt.Errorf("%w: %s", errDamaged, path)
	}
	if headOnly {
		return b, nil
	}
	if crc32.Checksum(packed, castagnoli) != b.Sum {
		return nil, fmt.Errorf("%w: %s", errDamaged, path)
	}
	b.body, err = io.ReadAll(compress.NewReader(bytes.NewReader(packed)))
	if err != nil && !errors.Is(err, io.EOF) { // the library wraps the end
		return nil, fmt.Errorf("%w: %s: %w", errDamaged, path, err)
	}
	return b, nil
}
