package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Limits of an answer, counted after decompression.
const (
	MaxExposition = 16 << 20
	MaxDocument   = 8 << 20
	MaxMetrics    = 1 << 20 // of the metrics document, which has about 80 kB
)

const (
	defaultTimeout = 15 * time.Second // for a context that has no deadline of its own
	maxErrorDetail = 300              // bytes of a refusal that are kept
	maxErrorLog    = 8 << 10          // bytes of what a program on the node said
)

// ErrTooLarge is returned for an answer beyond its limit.
var ErrTooLarge = errors.New("the agent's answer is larger than allowed")

// StatusError is an answer other than 200.
type StatusError struct {
	Code    int
	Detail  string // what the agent said, shortened
	Failure Failure
}

func (e *StatusError) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("agent answered HTTP %d", e.Code)
	}
	return fmt.Sprintf("agent answered HTTP %d: %s", e.Code, e.Detail)
}

// Client speaks to one agent. It is safe for concurrent use.
type Client struct {
	base string
	http *http.Client
	room func(size int) error // nil: only the limits count
}

// NewClient returns a client of the agent at baseURL (https://host:port); hc brings the TLS identity.
func NewClient(baseURL string, hc *http.Client) *Client {
	return &Client{base: strings.TrimRight(baseURL, "/"), http: hc}
}

// Within returns a client that asks room before it makes space for an answer of up to size bytes. An error ends the
// reading and is returned.
func (c *Client) Within(room func(size int) error) *Client { return &Client{c.base, c.http, room} }

// MaxWindow is the longest window that an agent keeps samples for; it refuses a longer one.
const MaxWindow = 2 * time.Minute

// Exposition reads the metrics page of a set ("host", "services"); window is what rates are averaged over, zero
// for the agent's default, MaxWindow at the most. The page is appended to buf[:0], so that a caller can reuse its buffer.
func (c *Client) Exposition(ctx context.Context, set string, window time.Duration, buf []byte) ([]byte, error) {
	q := url.Values{}
	if set != "" {
		q.Set("set", set)
	}
	if window > 0 {
		q.Set("window", strconv.Itoa(int(min(window, MaxWindow)/time.Second)))
	}
	path := PathExposition
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return c.do(ctx, http.MethodGet, path, nil, buf, MaxExposition)
}

// Metrics reads the document of this moment.
func (c *Client) Metrics(ctx context.Context) (Metrics, error) {
	return call[Metrics](ctx, c, http.MethodGet, PathMetrics, nil)
}

// MetricsPage reads the document of this moment as JSON of Metrics, for a caller that may never look at it.
func (c *Client) MetricsPage(ctx context.Context) ([]byte, error) {
	return c.do(ctx, http.MethodGet, PathMetrics, nil, nil, MaxMetrics)
}

// Processes reads the whole process table.
func (c *Client) Processes(ctx context.Context) (Processes, error) {
	return call[Processes](ctx, c, http.MethodGet, PathProcesses, nil)
}

// Version reads what the agent is and what its owner allows.
func (c *Client) Version(ctx context.Context) (Version, error) {
	return call[Version](ctx, c, http.MethodGet, PathVersion, nil)
}

// Health asks whether the agent answers at all.
func (c *Client) Health(ctx context.Context) (Health, error) {
	return call[Health](ctx, c, http.MethodGet, PathHealth, nil)
}

// EnrolCSR asks for a signing request; asking again before EnrolAccept yields one for the same key.
func (c *Client) EnrolCSR(ctx context.Context) (SigningRequest, error) {
	return call[SigningRequest](ctx, c, http.MethodPost, PathEnrolCSR, struct{}{})
}

// EnrolAccept hands over the certificate for the last signing request; repeating it does no harm.
func (c *Client) EnrolAccept(ctx context.Context, cert Certificate) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, PathEnrolAccept, cert)
	return err
}

func call[T any](ctx context.Context, c *Client, method, path string, body any) (T, error) {
	var out T
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return out, fmt.Errorf("encode request: %w", err)
		}
	}
	page, err := c.do(ctx, method, path, payload, nil, MaxDocument)
	if err != nil {
		return out, err
	}
	if out, err = Decode[T](page); err != nil {
		return out, fmt.Errorf("read answer of %s: %w", path, err)
	}
	return out, nil
}

// do sends one request and returns the decompressed body of a 200.
func (c *Client) do(ctx context.Context, method, path string, payload, buf []byte, limit int) ([]byte, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, defaultTimeout)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if payload == nil {
		req.Body, req.ContentLength = nil, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept-Encoding", "zstd, gzip") // set by hand, so that the limit counts decompressed bytes
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, refusal(resp)
	}
	page, err := readBody(resp, buf, limit, c.room)
	if err != nil {
		return nil, fmt.Errorf("read answer of %s: %w", path, err)
	}
	return page, nil
}

// refusal reads a little of the body, so that the connection can be used again.
func refusal(resp *http.Response) error {
	page, err := readBody(resp, nil, 32<<10, nil)
	if err != nil {
		return &StatusError{Code: resp.StatusCode}
	}
	var said Failure
	if json.Unmarshal(page, &said) != nil || len(said.Detail) > maxErrorDetail || len(said.Code) > 40 || len(said.Field) > 80 {
		said = Failure{}
	}
	said.Log = strings.ToValidUTF8(said.Log[:min(len(said.Log), maxErrorLog)], "")
	return &StatusError{resp.StatusCode, said.Detail, said}
}

var (
	gzipReaders = sync.Pool{New: func() any { return new(gzip.Reader) }}
	zstdReaders = sync.Pool{New: func() any { return newZstdReader() }}
)

// newZstdReader starts no goroutines and refuses frames that want more than a limited memory of what was before.
func newZstdReader() *zstd.Decoder {
	zr, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(1<<20))
	if err != nil {
		panic(err) // the options are constants
	}
	return zr
}

func readBody(resp *http.Response, buf []byte, limit int, room func(int) error) ([]byte, error) {
	switch enc := resp.Header.Get("Content-Encoding"); enc {
	case "", "identity":
		return readAll(resp.Body, buf, limit, room)
	case "gzip":
		zr := gzipReaders.Get().(*gzip.Reader)
		defer gzipReaders.Put(zr)
		if err := zr.Reset(resp.Body); err != nil {
			return nil, fmt.Errorf("open gzip body: %w", err)
		}
		return readAll(zr, buf, limit, room)
	case "zstd":
		zr := zstdReaders.Get().(*zstd.Decoder)
		defer func() {
			_ = zr.Reset(nil) // lets go of the body
			zstdReaders.Put(zr)
		}()
		if err := zr.Reset(resp.Body); err != nil {
			return nil, fmt.Errorf("open zstd body: %w", err)
		}
		return readAll(zr, buf, limit, room)
	default:
		return nil, fmt.Errorf("unknown content encoding %q", enc)
	}
}

const minRead = 4 << 10

// readAll appends to buf[:0] and stops at the first byte beyond limit. Space grows by powers of two; room, if any, is
// asked before.
func readAll(r io.Reader, buf []byte, limit int, room func(size int) error) ([]byte, error) {
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			size := max(minRead, 1<<bits.Len(uint(cap(buf))))
			if room != nil {
				if err := room(size); err != nil {
					return nil, err
				}
			}
			buf = append(make([]byte, 0, size), buf...)
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > limit:
			return nil, fmt.Errorf("%w (%d bytes)", ErrTooLarge, limit)
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return nil, err
		}
	}
}
