package tsdb

import (
	"bytes"
	"fmt"
	"testing"

	textformat "github.com/VictoriaMetrics/VictoriaMetrics/lib/protoparser/prometheus"

	"monitoring/storage"
)

// BenchmarkReadPage compares reading a page of remembered lines with parsing it, without storing it.
func BenchmarkReadPage(b *testing.B) {
	const series = 500
	var buf bytes.Buffer
	for i := range series {
		if i%4 == 0 {
			fmt.Fprintf(&buf, "# HELP node_metric_%d_total What it counts.\n# TYPE node_metric_%d_total counter\n", i/4, i/4)
		}
		fmt.Fprintf(&buf, "node_metric_%d_total{device=\"eth%d\",mode=\"read\"} %d.%d\n", i/4, i%4, i*7919, i)
	}
	page := buf.Bytes()
	target := []storage.Label{{Name: "job", Value: "node"}, {Name: "instance", Value: "203.0.113.7:9100"}, {Name: "server", Value: "7"}}
	perSample := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*series), "ns/sample")
	}
	b.Run("remembered", func(b *testing.B) {
		e := newReader(target...)
		if _, _, err := readPage(e, buf.String()); err != nil {
			b.Fatal(err)
		}
		batch := &rows{}
		b.ReportAllocs()
		for b.Loop() {
			r := pageReader{e: e, page: page, at: 1, batch: batch}
			if err := r.read(); err != nil || r.remembered != series {
				b.Fatal(err, r.remembered)
			}
			batch.rows, batch.ends, batch.buf = batch.rows[:0], batch.ends[:0], batch.buf[:0]
		}
		perSample(b)
	})
	b.Run("parser", func(b *testing.B) {
		var parsed textformat.Rows
		var ls []storage.Label
		batch := &rows{}
		b.ReportAllocs()
		for b.Loop() {
			parsed.UnmarshalWithErrLogger(string(page), func(s string) { b.Fatal(s) })
			for _, row := range parsed.Rows {
				ls = append(append(ls[:0], storage.Label{Name: nameLabel, Value: row.Metric}), target...)
				for _, t := range row.Tags {
					ls = append(ls, storage.Label{Name: t.Key, Value: t.Value})
				}
				batch.addLabels(ls, 1, row.Value)
			}
			batch.rows, batch.ends, batch.buf = batch.rows[:0], batch.ends[:0], batch.buf[:0]
		}
		perSample(b)
	})
}
