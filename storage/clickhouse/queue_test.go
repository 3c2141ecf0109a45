package clickhouse

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func testBatch(t interface{ Fatal(...any) }, rows int) *batch {
	values := make([][]any, rows)
	for i := range values {
		values[i] = []any{uint32(i), "it's\ttext"}
	}
	b, err := newBatch("t", []columnType{{"a", "UInt32"}, {"s", "String"}}, values)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t testing.TB, dir string, max int64) *queue {
	t.Helper()
	q, err := openQueue(dir, max)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// What put has returned for is there after a restart, in order; what was being written is not.
func TestQueueSurvives(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := open(t, dir, 1<<20)
	for rows := 1; rows <= 3; rows++ {
		if err := q.put(testBatch(t, rows)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"00000000000000000009.batch.tmp": "half", "notes.txt": "of somebody", "x.batch": "no number"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := open(t, dir, 1<<20)
	names, rows, _ := again.oldest(100)
	if len(names) != 3 || rows != 6 || again.waiting() != 6 || again.size() != q.size() || again.next != q.next {
		t.Fatalf("%v, %d rows, waiting %d, size %d of %d", names, rows, again.waiting(), again.size(), q.size())
	}
	for i, name := range names {
		b, err := readBatch(again.path(name), false)
		if err != nil || b.Rows != i+1 || b.insert() != "INSERT INTO t (a, s)" {
			t.Errorf("%s: %+v, %v", name, b, err)
		}
		if want := testBatch(t, i+1); string(b.body) != string(want.body) {
			t.Errorf("%s: %q", name, b.body)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "00000000000000000009.batch.tmp")); err == nil {
		t.Error("a file that was never acknowledged is kept")
	}
}

func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	probe := open(t, t.TempDir(), 1<<20)
	if err := probe.put(testBatch(t, 10)); err != nil {
		t.Fatal(err)
	}
	q := open(t, t.TempDir(), 2*probe.size()+1)
	for range 2 {
		if err := q.put(testBatch(t, 10)); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.put(testBatch(t, 10)); !errors.Is(err, ErrQueueFull) {
		t.Errorf("a full queue: %v", err)
	}
	if q.waiting() != 20 || q.dropped.Load() != 10 {
		t.Errorf("waiting %d, dropped %d", q.waiting(), q.dropped.Load())
	}
	names, _, _ := q.oldest(10)
	if err := q.done(names); err != nil || len(names) != 1 {
		t.Fatalf("%v, %v", names, err)
	}
	if err := q.put(testBatch(t, 10)); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestQueueRejects(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := open(t, dir, 1<<20)
	for range maxRejected + 3 {
		if err := q.put(testBatch(t, 2)); err != nil {
			t.Fatal(err)
		}
		names, _, waited := q.oldest(1)
		if len(names) != 1 || waited < 0 || waited > time.Minute {
			t.Fatalf("%v after %s", names, waited)
		}
		if err := q.reject(names[0], slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadDir(filepath.Join(dir, rejectedDir))
	if err != nil || len(kept) != maxRejected {
		t.Errorf("%d files kept, %v", len(kept), err)
	}
	if q.dropped.Load() != 2*(maxRejected+3) || q.waiting() != 0 || q.size() != 0 {
		t.Errorf("dropped %d, waiting %d, size %d", q.dropped.Load(), q.waiting(), q.size())
	}
}

// A file that the disk has changed is told from a good one, wherever the change is.
func TestDamagedBatch(t *testing.T) {
	t.Parallel()
	data, err := testBatch(t, 50).encode()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "b")
	rapid.Check(t, func(r *rapid.T) {
		broken := append([]byte(nil), data...)
		if rapid.Bool().Draw(r, "cut") {
			broken = broken[:rapid.IntRange(0, len(data)-1).Draw(r, "length")]
		} else {
			at := rapid.IntRange(strings.IndexByte(string(data), '\n')+1, len(data)-1).Draw(r, "at")
			broken[at] ^= 1 << rapid.IntRange(0, 7).Draw(r, "bit")
		}
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			r.Fatal(err)
		}
		if b, err := readBatch(path, false); !errors.Is(err, errDamaged) {
			r.Fatalf("%+v, %v", b, err)
		}
	})
}

// However puts, takes and restarts follow each other, rows and bytes add up and the order stays.
func TestQueueAddsUp(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(root, "q")
		if err != nil {
			r.Fatal(err)
		}
		q, err := openQueue(dir, 1<<20)
		if err != nil {
			r.Fatal(err)
		}
		var model []int
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			switch rapid.IntRange(0, 2).Draw(r, "step") {
			case 0:
				rows := rapid.IntRange(1, 5).Draw(r, "rows")
				if err := q.put(testBatch(r, rows)); err != nil {
					r.Fatal(err)
				}
				model = append(model, rows)
			case 1:
				names, rows, _ := q.oldest(6)
				want := 0
				for _, n := range model[:len(names)] {
					want += n
				}
				if rows != want || len(names) == 0 && len(model) > 0 {
					r.Fatalf("oldest: %d rows in %v, want %d of %v", rows, names, want, model)
				}
				if err := q.done(names); err != nil {
					r.Fatal(err)
				}
				model = model[len(names):]
			case 2:
				if q, err = openQueue(dir, 1<<20); err != nil {
					r.Fatal(err)
				}
			}
			total := 0
			for _, n := range model {
				total += n
			}
			if q.waiting() != int64(total) || (q.size() == 0) != (total == 0) {
				r.Fatalf("waiting %d, size %d, want %d rows", q.waiting(), q.size(), total)
			}
		}
	})
}

func TestNewBatchChecksItsRows(t *testing.T) {
	t.Parallel()
	if _, err := newBatch("t", []columnType{{"a", "UInt32"}}, [][]any{{"x"}}); err == nil {
		t.Error("a text as a number")
	}
	if _, err := newBatch("t", []columnType{{"a", "NoSuchType"}}, nil); err == nil {
		t.Error("an unknown type")
	}
}
