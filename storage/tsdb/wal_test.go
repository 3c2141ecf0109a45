package tsdb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"monitoring/storage"
)

// SetSegmentAge makes the write-ahead log rotate faster.
func (o *Options) SetSegmentAge(d time.Duration) { o.segmentAge = d }

// SetEngineFlush makes the engine write to disk sooner; it takes the first of its process.
func (o *Options) SetEngineFlush(d time.Duration) { o.engineFlush = d }

func testWAL(t testing.TB, dir string) *wal {
	return openWAL(dir, walSegmentAge, onDiskAfter(engineFlush), slog.New(slog.NewTextHandler(t.Output(), nil)))
}

// text writes a batch in readable form.
func (r *rows) text() string {
	var b strings.Builder
	start := 0
	for i, end := range r.ends {
		fmt.Fprintf(&b, "%q %d %v\n", r.buf[start:end], r.rows[i].Timestamp, r.rows[i].Value)
		start = end
	}
	return b.String()
}

func batchOf(target string, samples ...storage.Sample) *rows {
	r := &rows{}
	for _, s := range samples {
		r.addName([]byte(target), s.Labels[0].Value, s.Time, s.Value)
	}
	return r
}

func named(name string, at int64, v float64) storage.Sample {
	return storage.Sample{Labels: []storage.Label{{Value: name}}, Time: at, Value: v}
}

// replayText returns what a log gives back.
func replayText(t testing.TB, dir string) string {
	t.Helper()
	var got strings.Builder
	testWAL(t, dir).replay(func(r *rows) error {
		got.WriteString(r.text())
		return nil
	})
	return got.String()
}

func TestLogGivesBackWhatWasWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := testWAL(t, dir)
	w.replay(nil)
	a, b := walSource{target: []byte("A")}, walSource{target: []byte("B")}
	var want strings.Builder
	f := func(src *walSource, batch *rows) {
		t.Helper()
		s := w.write(src, batch)
		if s == nil {
			t.Fatal("not logged")
		}
		w.done(s)
		want.WriteString(batch.text())
	}
	f(&a, batchOf("A", named("x", 1000, 1), named("y", 1000, 2)))
	f(&a, batchOf("A", named("x", 2000, 3), named("y", 2000, -4.5)))
	f(&b, batchOf("B", named("x", 2000, 5), named("y", 2001, 6)))
	f(&a, batchOf("A", named("x", 3000, 7)))
	w.rotate(time.Now())
	f(&a, batchOf("A", named("x", 4000, 8)))
	f(&walSource{}, batchOf("", named("z", 9, 1e300)))
	if d := cmp.Diff(want.String(), replayText(t, dir)); d != "" {
		t.Error(d)
	}
	if s := w.write(&a, &rows{}); s != nil {
		t.Error("an empty batch was logged")
	}
}

// TestLogWritesNamesOnce: a second scrape of the same series costs eight bytes per value and a few for the rest.
func TestLogWritesNamesOnce(t *testing.T) {
	t.Parallel()
	w := testWAL(t, t.TempDir())
	w.replay(nil)
	var page []storage.Sample
	for i := range 500 {
		page = append(page, named(fmt.Sprintf("node_some_metric_of_a_usual_length_%d", i), 1, 1))
	}
	var grown []int64
	for server := range 2 {
		src := walSource{target: []byte(fmt.Sprint("server", server))}
		for range 2 {
			before := w.segment.size
			w.done(w.write(&src, batchOf(string(src.target), page...)))
			grown = append(grown, w.segment.size-before)
		}
	}
	if grown[1] > 500*8+40 || grown[2] > 500*(8+2)+100 {
		t.Errorf("bytes of the first server's scrapes %d and %d, of the second's first %d", grown[0], grown[1], grown[2])
	}
}

// TestDamagedLog: whatever the bytes are, every record before the damage comes back and nothing after it.
func TestDamagedLog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		dir := filepath.Join(t.TempDir(), "wal")
		w := testWAL(t, dir)
		w.replay(nil)
		src := walSource{target: []byte("T")}
		var ends []int64
		var texts []string
		for i := range rapid.IntRange(1, 6).Draw(r, "records") {
			batch := batchOf("T", named("x", int64(i), float64(i)), named(fmt.Sprint("y", i/2), int64(i), 1))
			w.done(w.write(&src, batch))
			ends, texts = append(ends, w.segment.size), append(texts, batch.text())
		}
		path := w.segment.path
		data, err := os.ReadFile(path)
		if err != nil {
			r.Fatal(err)
		}
		at := rapid.IntRange(0, len(data)-1).Draw(r, "at")
		if rapid.Bool().Draw(r, "cut") {
			data = data[:at]
		} else {
			data[at] ^= byte(rapid.IntRange(1, 255).Draw(r, "bits"))
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			r.Fatal(err)
		}
		want := ""
		for i, end := range ends {
			if end <= int64(at) {
				want += texts[i]
			}
		}
		if d := cmp.Diff(want, replayText(t, dir)); d != "" {
			r.Fatal(d)
		}
	})
}

func FuzzLogRecord(f *testing.F) {
	s := walSegment{names: map[string]uint64{}}
	data := s.appendRecords(nil, &walSource{target: []byte("T")}, batchOf("T", named("x", 1, 1), named("y", 2, 2)))
	f.Add(data)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		in, r, batch := bytes.NewReader(data), walReader{layouts: map[uint64]walLayout{}}, &rows{}
		for {
			body, err := readRecord(in, nil)
			if err != nil {
				if len(body) > 0 && errors.Is(err, io.EOF) && len(body) > len(data)+1<<20 {
					t.Errorf("took %d bytes for %d", len(body), len(data))
				}
				return
			}
			if err := r.record(body, batch); err != nil {
				return
			}
			if batch.len() > len(data) {
				t.Errorf("%d rows from %d bytes", batch.len(), len(data))
			}
		}
	})
}

func segments(t testing.TB, dir string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*"+walSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// TestSegmentsAreRemoved: a segment goes some time after it was closed, not while the engine lacks one of its batches.
func TestSegmentsAreRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := testWAL(t, dir)
	w.replay(nil)
	src := walSource{}
	slow := w.write(&src, batchOf("", named("x", 1, 1)))
	start := time.Now()
	f := func(after time.Duration, want int) {
		t.Helper()
		w.runOnce(start.Add(after))
		if got := segments(t, dir); got != want {
			t.Errorf("%d segments after %s, want %d", got, after, want)
		}
	}
	f(29*time.Second, 1)
	f(31*time.Second, 2)
	f(50*time.Second, 2) // the first is needed until now
	w.done(slow)
	keep := onDiskAfter(engineFlush)
	second := 50*time.Second + keep - time.Second
	f(second, 3) // another is begun
	f(second+2*time.Second, 2)
	f(second+keep-time.Second, 3)
	f(second+keep+time.Second, 2)
	w.close()
	if got := segments(t, dir); got != 0 {
		t.Errorf("%d segments after a clean end", got)
	}
}

// TestLogThatCannotBeWritten: samples are stored without it, it says so, and it comes back.
func TestLogThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, walDir), nil, 0o600); err != nil { // a file where the directory should be
		t.Fatal(err)
	}
	db, err := Open(Options{Dir: dir, MemoryBytes: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	f := func(wantUp bool, wantFailures uint64) {
		t.Helper()
		if st := db.wal.stats(); st.up != wantUp || db.wal.failures.Load() != wantFailures {
			t.Errorf("up %v after %d failures, want %v after %d", st.up, db.wal.failures.Load(), wantUp, wantFailures)
		}
		at := time.Now()
		if err := db.Append([]storage.Sample{{Labels: []storage.Label{{Name: "__name__", Value: "m"}}, Time: at.UnixMilli(), Value: 1}}); err != nil {
			t.Error(err)
		}
		if err := db.RunOnce(t.Context()); err != nil {
			t.Error(err)
		}
		if got, err := db.Query(t.Context(), "m", at); err != nil || len(got) != 1 {
			t.Errorf("%v %v", got, err)
		}
	}
	f(false, 2) // the list and the new segment
	if err := os.Remove(filepath.Join(dir, walDir)); err != nil {
		t.Fatal(err)
	}
	db.wal.runOnce(time.Now())
	f(false, 2)
	db.wal.runOnce(time.Now().Add(walRetry))
	f(true, 2)
	db.wal.segment.f.Close() // as a disk that went away
	f(true, 2)
	f(false, 3)
}

// TestLogOfAFullDisk: what cannot be taken over at one start is taken over at the next.
func TestLogOfAFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := testWAL(t, dir)
	w.replay(nil)
	batch := batchOf("", named("x", 1, 1))
	w.done(w.write(&walSource{}, batch))

	full := testWAL(t, dir)
	full.replay(func(*rows) error { return ErrReadOnly })
	full.runOnce(time.Now().Add(time.Hour))
	full.close()
	if got := replayText(t, dir); got != batch.text() {
		t.Errorf("got %q, want %q", got, batch.text())
	}
}
