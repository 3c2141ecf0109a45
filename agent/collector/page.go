package collector

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

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

// gzipWriters: a compressor is several hundred kilobytes, and one is in use at a time.
var gzipWriters = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // numbers hardly get smaller with more effort
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}

func (s *Set) servePage(w http.ResponseWriter, r *http.Request) {
	q, err := parseQuery(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(page{s, q})
	families, err := registry.Gather()
	if err != nil { // two series with the same labels; the rest of the page is good
		s.log.Error("gather metrics", "err", err)
	}
	format := expfmt.NegotiateIncludingOpenMetrics(r.Header)
	w.Header().Set("Content-Type", string(format))
	w.Header().Set("Vary", "Accept, Accept-Encoding")
	var body io.Writer = w
	if acceptsGzip(r.Header) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzipWriters.Get().(*gzip.Writer)
		z.Reset(w)
		defer gzipWriters.Put(z)
		defer z.Close()
		body = z
	}
	encoder := expfmt.NewEncoder(body, format)
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			s.log.Debug("write metrics", "err", err) // the reader has gone
			return
		}
	}
	if c, ok := encoder.(expfmt.Closer); ok {
		_ = c.Close() // the last line of OpenMetrics; who has gone does not miss it
	}
}

func acceptsGzip(h http.Header) bool {
	for part := range strings.SplitSeq(h.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if coding == "gzip" {
			return strings.ReplaceAll(weight, " ", "") != "q=0"
		}
	}
	return false
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
