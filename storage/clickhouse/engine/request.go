package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
)

// maxStatement bounds the text of a statement; the rows of an INSERT are not part of it.
const maxStatement = 1 << 20

// request is one statement to run, taken from the URL and the body.
type request struct {
	sql      string
	outline  outline
	rows     io.Reader // what an INSERT reads; nil for everything else
	format   string    // of the rows, or of the answer when the statement names none
	database string
	params   []param
	settings []setting
	packed   string // method by which the answer's blocks are compressed; "" for none
	revision uint64 // client_protocol_version
}

type setting struct{ name, value string }

// notSettings are the parameters of ClickHouse's HTTP interface that are no settings of a query.
var notSettings = map[string]bool{
	"query": true, "user": true, "password": true, "database": true, "default_format": true, "query_id": true, "quota_key": true,
	"compress": true, "decompress": true, "client_protocol_version": true, "network_compression_method": true,
	"network_zstd_compression_level": true, "wait_end_of_query": true, "buffer_size": true, "stacktrace": true,
	"enable_http_compression": true, "http_zlib_compression_level": true, "send_progress_in_http_headers": true,
	"http_headers_progress_interval_ms": true, "add_http_cors_header": true, "session_timeout": true, "session_check": true, "close_session": true,
}

// notAnybodys may be changed by no request: they would undo what the engine relies on.
var notAnybodys = map[string]bool{"readonly": true, "profile": true, "allow_ddl": true}

var (
	settingName  = regexp.MustCompile(`\A[A-Za-z][A-Za-z0-9_]{0,127}\z`)
	formatName   = regexp.MustCompile(`\A[A-Za-z][A-Za-z0-9]{0,63}\z`)
	databaseName = regexp.MustCompile(`\A[A-Za-z_][A-Za-z0-9_]{0,63}\z`)
)

// parseRequest reads everything but the rows of an INSERT.
func parseRequest(r *http.Request) (*request, error) {
	query := r.URL.Query()
	req := &request{format: "TabSeparated"}
	if f := query.Get("default_format") + r.Header.Get("X-ClickHouse-Format"); f != "" {
		req.format = f
	}
	if !formatName.MatchString(req.format) {
		return nil, fail(codeBadArguments, "BAD_ARGUMENTS", fmt.Sprintf("%q is no name of a format", req.format))
	}
	req.database = query.Get("database") + r.Header.Get("X-ClickHouse-Database")
	if req.database != "" && !databaseName.MatchString(req.database) {
		return nil, fail(codeBadArguments, "BAD_ARGUMENTS", fmt.Sprintf("%q is no name of a database", req.database))
	}
	if query.Get("compress") == "1" {
		req.packed = strings.ToUpper(query.Get("network_compression_method"))
		if req.packed == "" {
			req.packed = "LZ4"
		}
	}
	_, _ = fmt.Sscan(query.Get("client_protocol_version"), &req.revision) // without one: 0
	if err := req.parseSettings(query); err != nil {
		return nil, err
	}
	return req, req.parseBody(query.Get("query"), r)
}

func (req *request) parseSettings(query url.Values) error {
	for name, values := range query {
		value := values[len(values)-1]
		if param_, ok := strings.CutPrefix(name, "param_"); ok {
			req.params = append(req.params, param{param_, value})
			continue
		}
		switch {
		case notSettings[name]:
		case notAnybodys[name]:
			return fail(codeReadonly, "READONLY", "Cannot modify '"+name+"' setting here.")
		case name == "session_id" && value != "":
			return fail(codeNotImplemented, "NOT_IMPLEMENTED", "The embedded engine has no sessions: leave session_id out.")
		case strings.HasSuffix(name, "_structure"):
			return fail(codeNotImplemented, "NOT_IMPLEMENTED", "The embedded engine takes no external tables.")
		case !settingName.MatchString(name):
			return fail(codeBadArguments, "BAD_ARGUMENTS", fmt.Sprintf("%q is no name of a setting", name))
		default:
			req.settings = append(req.settings, setting{name, value})
		}
	}
	return nil
}

// shorten lowers a reader's time limit to what readers may have. Drivers derive it from a deadline of their own, which is
// no reason to refuse.
func (req *request) shorten() {
	for i, s := range req.settings {
		if seconds, err := strconv.ParseFloat(s.value, 64); s.name == "max_execution_time" && err == nil && seconds > readerSeconds {
			req.settings[i].value = strconv.Itoa(readerSeconds)
		}
	}
}

// parseBody takes the statement from the parameter, or else from the head of the body. What follows an INSERT's FORMAT
// are its rows.
func (req *request) parseBody(parameter string, r *http.Request) error {
	body, err := unpacked(r)
	if err != nil {
		return err
	}
	req.sql = parameter
	if parameter == "" || !outlineOf(parameter).insert {
		head, err := io.ReadAll(io.LimitReader(body, maxStatement+1))
		if err != nil {
			return fmt.Errorf("read statement: %w", err)
		}
		if parameter != "" && len(head) > 0 {
			req.sql += "\n"
		}
		req.sql += string(head)
	}
	req.outline = outlineOf(req.sql)
	if o := req.outline; o.insert && !o.selects {
		switch {
		case o.format != "":
			req.format = o.format
			req.rows = io.MultiReader(strings.NewReader(req.sql[o.end:]), body)
			req.sql = req.sql[:o.formatAt]
		case o.values >= 0:
			req.format = "Values"
			req.rows = io.MultiReader(strings.NewReader(req.sql[o.values:]), body)
			req.sql = req.sql[:o.values-len("VALUES")]
		default:
			req.rows = body
		}
	}
	if len(req.sql) > maxStatement {
		return fail(codeLimit, "TOO_MANY_BYTES", fmt.Sprintf("The statement is longer than %d bytes.", maxStatement))
	}
	return nil
}

// unpacked undoes what Content-Encoding and decompress=1 say.
func unpacked(r *http.Request) (io.Reader, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		return nil, fail(codeNotImplemented, "NOT_IMPLEMENTED", "The embedded engine takes no external tables.")
	}
	var body io.Reader = r.Body
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "":
	case "gzip":
		unzipped, err := gzip.NewReader(bufio.NewReader(body))
		if err != nil {
			return nil, fail(codeBadArguments, "BAD_ARGUMENTS", "The body is no gzip: "+err.Error())
		}
		body = unzipped
	default:
		return nil, fail(codeNotImplemented, "NOT_IMPLEMENTED", "Content-Encoding may be gzip only, not "+encoding)
	}
	if r.URL.Query().Get("decompress") == "1" {
		body = newBlocks(body)
	}
	return body, nil
}

// blocks is a body of compressed blocks. It ends where a block would begin; anywhere else the end is an error.
type blocks struct {
	compress.Reader
	source *counter
}

func newBlocks(r io.Reader) *blocks {
	source := &counter{Reader: r}
	return &blocks{*compress.NewReader(source), source}
}

func (b *blocks) Read(p []byte) (int, error) {
	b.source.n = 0
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) { // the library wraps it
		if b.source.n > 0 {
			return n, io.ErrUnexpectedEOF
		}
		return n, io.EOF
	}
	return n, err
}

type counter struct {
	io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}
