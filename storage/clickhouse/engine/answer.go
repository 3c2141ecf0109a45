package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
)

// packSize is how much of an answer goes into one compressed block.
const packSize = 1 << 20

// answer writes a result. Its head goes out with the first byte, so that an error before that has a status of its own;
// a later one is framed as ClickHouse frames it, and clients look for the frame.
type answer struct {
	w      http.ResponseWriter
	tag    string
	begun  bool
	packer *compress.Writer // nil: the answer is not compressed
}

func newAnswer(w http.ResponseWriter, req *request, id string) (*answer, error) {
	a := &answer{w: w, tag: rand.Text()[:16]}
	switch req.packed {
	case "":
	case "LZ4":
		a.packer = compress.NewWriter(compress.LevelZero, compress.LZ4)
	case "ZSTD":
		a.packer = compress.NewWriter(compress.LevelZero, compress.ZSTD)
	default:
		return nil, fail(codeBadArguments, "BAD_ARGUMENTS", "network_compression_method may be LZ4 or ZSTD")
	}
	h := w.Header()
	h.Set("X-ClickHouse-Query-Id", id)
	h.Set("X-ClickHouse-Server-Display-Name", displayName)
	h.Set("X-ClickHouse-Timezone", "UTC")
	h.Set("X-ClickHouse-Exception-Tag", a.tag)
	h.Set("Content-Type", contentType(req.format))
	h.Set("X-ClickHouse-Format", req.format)
	return a, nil
}

// write sends a piece of the result.
func (a *answer) write(piece []byte) error {
	if len(piece) == 0 {
		return nil
	}
	a.begun = true
	if a.packer == nil {
		_, err := a.w.Write(piece)
		return err
	}
	for len(piece) > 0 {
		part := piece[:min(len(piece), packSize)]
		piece = piece[len(part):]
		if err := a.packer.Compress(part); err != nil {
			return fmt.Errorf("compress answer: %w", err)
		}
		if _, err := a.w.Write(a.packer.Data); err != nil {
			return err
		}
	}
	return nil
}

// wrote tells how many rows an INSERT wrote.
func (a *answer) wrote(rows uint64) {
	a.w.Header().Set("X-ClickHouse-Summary", `{"written_rows":"`+strconv.FormatUint(rows, 10)+`"}`)
}

// fail ends the answer with an error.
func (a *answer) fail(e *exception) {
	if !a.begun {
		writeException(a.w, e)
		return
	}
	// The frame goes out uncompressed and at once, as ClickHouse sends it: clients read it off the raw bytes.
	_ = http.NewResponseController(a.w).Flush() // the client may have gone
	text := strings.TrimSpace(e.text)
	fmt.Fprintf(a.w, "\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n", a.tag, text, len(text)+1, a.tag)
}

func writeException(w http.ResponseWriter, e *exception) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	h.Set("X-ClickHouse-Exception-Code", strconv.Itoa(e.code))
	w.WriteHeader(e.status())
	fmt.Fprintln(w, strings.TrimSpace(e.text))
}

// streamed are the formats whose pieces make up the whole when they follow each other.
var streamed = map[string]bool{
	"native": true, "rowbinary": true, "null": true, "tabseparated": true, "tsv": true, "tabseparatedraw": true, "tsvraw": true, "csv": true,
	"jsoneachrow": true, "ndjson": true, "jsonlines": true, "jsoncompacteachrow": true, "jsonstringseachrow": true, "tskv": true, "rawblob": true, "lineasstring": true,
}

func contentType(format string) string {
	f := strings.ToLower(format)
	switch {
	case strings.HasPrefix(f, "json") && strings.Contains(f, "eachrow"):
		return "application/x-ndjson; charset=UTF-8"
	case strings.HasPrefix(f, "json"):
		return "application/json; charset=UTF-8"
	case strings.HasPrefix(f, "csv"):
		return "text/csv; charset=UTF-8"
	case strings.HasPrefix(f, "tabseparated"), strings.HasPrefix(f, "tsv"):
		return "text/tab-separated-values; charset=UTF-8"
	case strings.HasPrefix(f, "pretty"), f == "vertical", f == "markdown", f == "values", f == "sql", f == "sqlinsert":
		return "text/plain; charset=UTF-8"
	}
	return "application/octet-stream"
}
