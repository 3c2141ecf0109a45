package collector

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

const defaultWindow = 10 * time.Second

// query is what a scrape asks for.
type query struct {
	set    string // "" is everything
	window time.Duration
}

func parseQuery(v url.Values) (query, error) {
	q := query{set: v.Get("set"), window: defaultWindow}
	if q.set != "" && q.set != SetHost && q.set != SetServices {
		return q, fmt.Errorf("set: %q is not one of %s, %s; leave it out for everything", q.set, SetHost, SetServices)
	}
	if text := v.Get("window"); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 1 || seconds > int(MaxWindow.Seconds()) {
			return q, fmt.Errorf("window: %q is not a whole number of seconds from 1 to %.0f", text, MaxWindow.Seconds())
		}
		q.window = time.Duration(seconds) * time.Second
	}
	return q, nil
}

// maxInFlight bounds how many pages are built at once. The panel asks one at a time, a Prometheus beside it another.
const maxInFlight = 4

func (s *Set) servePage(w http.ResponseWriter, r *http.Request) {
	q, err := parseQuery(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var buf *bytes.Buffer
	select {
	case buf = <-s.buffers:
	default:
		http.Error(w, fmt.Sprintf("%d scrapes are running already", maxInFlight), http.StatusServiceUnavailable)
		return
	}
	defer func() { s.buffers <- buf }()
	buf.Reset()
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	if err := s.writePage(buf, format, q); err != nil {
		s.log.Error("write metrics", "err", err)
		http.Error(w, "the metrics could not be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", string(format))
	w.Header().Set("Vary", "Accept, Accept-Encoding")
	switch coding := negotiate(r.Header); coding {
	case "zstd":
		w.Header().Set("Content-Encoding", coding)
		_, _ = w.Write(zstdEncoder().EncodeAll(buf.Bytes(), make([]byte, 0, buf.Len()/4))) // the reader has gone; nobody is left to tell
	case "gzip":
		w.Header().Set("Content-Encoding", coding)
		// Stateless, a compressor needs no 800 kB of memory, and a page in one piece gets hardly larger by it.
		z, err := gzip.NewWriterLevel(w, gzip.StatelessCompression)
		if err != nil {
			panic(err) // the level is a constant
		}
		defer z.Close()
		_, _ = z.Write(buf.Bytes())
	default:
		_, _ = w.Write(buf.Bytes())
	}
}

// zstdEncoder is made when the first reader asks for it: the panel does, a Prometheus asks for gzip.
var zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(128<<10))
	if err != nil {
		panic(err) // the options are constants
	}
	return z
})

// writePage gathers the families of the set and writes them in the format.
func (s *Set) writePage(w io.Writer, format expfmt.Format, q query) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(page{s, q})
	families, err := registry.Gather()
	if err != nil { // two series with the same labels; the rest of the page is good
		s.log.Error("gather metrics", "err", err)
	}
	encoder := expfmt.NewEncoder(w, format)
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			return fmt.Errorf("encode %s: %w", f.GetName(), err)
		}
	}
	if c, ok := encoder.(expfmt.Closer); ok {
		return c.Close() // the last line of OpenMetrics
	}
	return nil
}

// negotiate chooses how the page is packed: zstd costs the reader a quarter of what gzip does, and the agent half.
func negotiate(h http.Header) string {
	accepted := map[string]bool{}
	for part := range strings.SplitSeq(h.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		accepted[coding] = strings.ReplaceAll(weight, " ", "") != "q=0"
	}
	for _, coding := range []string{"zstd", "gzip"} {
		if accepted[coding] {
			return coding
		}
	}
	return ""
}

// page is one scrape as a collector. It describes nothing beforehand: what a machine has shows when it is read.
type page struct {
	set   *Set
	query query
}

// Describe implements prometheus.Collector.
func (p page) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (p page) Collect(ch chan<- prometheus.Metric) {
	var families []Family
	for _, f := range p.set.All(p.query.window) {
		if p.query.set == "" || p.query.set == f.Set {
			families = append(families, f)
		}
	}
	p.set.runner.run(families, func(m prometheus.Metric) { ch <- m })
}
