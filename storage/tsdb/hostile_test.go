package tsdb

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestOneTargetDoesNotDecideTheTypeForAll: nodes belong to strangers, and how a metric of the whole fleet is rolled up
// follows from its type.
func TestOneTargetDoesNotDecideTheTypeForAll(t *testing.T) {
	t.Parallel()
	db := &DB{metadata: newMetadataStore()}
	page := func(kind string) string {
		return "# TYPE node_cpu_seconds_total " + kind + "\nnode_cpu_seconds_total 1\n"
	}
	f := func(e *Exposition, kind, want string) {
		t.Helper()
		if _, _, err := readPage(e, page(kind)); err != nil {
			t.Fatal(err)
		}
		if got := db.metadata.kind("node_cpu_seconds_total"); got != want {
			t.Errorf("after one target said %s the metric is a %s, want %s", kind, got, want)
		}
	}
	hostile, first, second := db.NewExposition(ExpositionOptions{}), db.NewExposition(ExpositionOptions{}), db.NewExposition(ExpositionOptions{})
	f(hostile, "gauge", "gauge")
	f(first, "counter", "counter") // a tie: what most metrics are
	f(second, "counter", "counter")
	for range 5 { // saying it often is still one vote, and so is taking it back
		f(hostile, "summary", "counter")
		f(hostile, "gauge", "counter")
	}
	f(first, "nonsense", "counter")
	f(second, "gauge", "gauge")
}

func TestMetadataOfStrangersIsBounded(t *testing.T) {
	t.Parallel()
	f := func(line, metric string, want *Metadata) {
		t.Helper()
		e := newReader()
		if _, _, err := readPage(e, line+"\n"); err != nil {
			t.Fatal(err)
		}
		got := e.db.Metadata(t.Context(), metric, 0, 0)[metric]
		if want == nil && len(got) != 0 || want != nil && (len(got) != 1 || got[0] != *want) {
			t.Errorf("%.40q: metadata %.80v, want %v", line, got, want)
		}
	}
	long := strings.Repeat("x", 1<<20)
	f("# TYPE a "+long, "a", &Metadata{Type: "unknown"})
	f("# TYPE a untyped", "a", &Metadata{Type: "unknown"})
	f("# TYPE a \x1b[31mcounter", "a", &Metadata{Type: "unknown"})
	f("# TYPE "+long+" counter", long, nil)
	f("# TYPE <b> counter", "<b>", nil)
	f("# HELP a "+long, "a", &Metadata{Type: "unknown", Help: long[:maxHelpBytes]})

	e := newReader()
	e.parser.options.SampleLimit = 50_000
	var many strings.Builder
	for i := range 2 * maxMetadataPerTarget {
		fmt.Fprintf(&many, "# TYPE m%d counter\n", i)
	}
	if _, _, err := readPage(e, many.String()); err != nil {
		t.Fatal(err)
	}
	if n := len(e.db.Metadata(t.Context(), "", 0, 0)); n != maxMetadataPerTarget {
		t.Errorf("one target taught %d metrics, want %d", n, maxMetadataPerTarget)
	}
}

// TestChurnIsBounded: a page that is within its limits and all new each time would make series without end.
func TestChurnIsBounded(t *testing.T) {
	t.Parallel()
	db := &DB{metadata: newMetadataStore()}
	const line, lines, churnBurst = leastCost, 100, 8 // bytes of one, number on a page, pages at once
	e := db.NewExposition(ExpositionOptions{ChurnPerHour: line * lines, ChurnBurst: churnBurst * line * lines})
	page := func(generation int) string {
		var b strings.Builder
		for i := range lines {
			fmt.Fprintf(&b, "a{x=\"%06d%04d\"} 1\n", generation, i) // short: each counts as leastCost
		}
		return b.String()
	}
	for i := range churnBurst {
		if _, _, err := readPage(e, page(i)); err != nil {
			t.Fatalf("page %d: %v", i, err)
		}
	}
	refused := func(generation int) {
		t.Helper()
		var bad *PageError
		if _, _, err := readPage(e, page(generation)); !errors.Is(err, ErrChurn) || !errors.As(err, &bad) {
			t.Errorf("page %d is all new and more than allowed: %v", generation, err)
		}
	}
	refused(100)
	for range 1000 { // what is known costs nothing
		if _, _, err := readPage(e, page(churnBurst-1)); err != nil {
			t.Fatal(err)
		}
	}
	refused(101)
	for i := range 100 { // nor does what was there before: a service is stopped and started
		if _, _, err := readPage(e, page(i%churnBurst)); err != nil {
			t.Fatalf("a page that was there before: %v", err)
		}
	}
	refused(101)
	e.churn.at = e.churn.at.Add(-61 * time.Minute) // an hour later
	if _, _, err := readPage(e, page(102)); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	refused(103)
	e.churn.at = e.churn.at.Add(-1000 * time.Hour)
	for i := range churnBurst {
		if _, _, err := readPage(e, page(200+i)); err != nil {
			t.Errorf("weeks later, page %d: %v", i, err)
		}
	}
	refused(300)
	e.churn.at = e.churn.at.Add(1000 * time.Hour) // a clock that went back gives and takes nothing
	refused(301)
}

func TestVanishedSeriesAreBounded(t *testing.T) {
	t.Parallel()
	var c churn
	for i := range uint64(5) {
		ids := make([]uint64, maxGone/2)
		for j := range ids {
			ids[j] = i*maxGone + uint64(len(ids)-j)
		}
		c.vanished(slices.Clone(ids))
		c.vanished(slices.Clone(ids[:10]))
		if len(c.gone) > maxGone || !c.knows(ids[0]) || !c.knows(ids[len(ids)-1]) || c.knows(i*maxGone) {
			t.Errorf("%d are remembered; the last are known: %v, %v", len(c.gone), c.knows(ids[0]), c.knows(ids[len(ids)-1]))
		}
	}
	c.vanished(make([]uint64, 3*maxGone))
	if len(c.gone) > maxGone {
		t.Errorf("%d are remembered", len(c.gone))
	}
}

// TestSeriesOfOneMetricAreBounded: a query over all targets may touch so many series, and fails for all of them beyond.
func TestSeriesOfOneMetricAreBounded(t *testing.T) {
	t.Parallel()
	db := &DB{metadata: newMetadataStore()}
	page := func(metric string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%s{x=\"%d\"} 1\n", metric, i)
		}
		return b.String()
	}
	e := db.NewExposition(ExpositionOptions{MetricLimit: 100})
	f := func(page string, want error) {
		t.Helper()
		if _, _, err := readPage(e, page); !errors.Is(err, want) {
			t.Errorf("%.30q of %d bytes: %v, want %v", page, len(page), err, want)
		}
	}
	f(page("a", 100)+page("b", 100)+"c 1\n", nil)
	f(page("a", 100)+page("b", 101), ErrSampleLimit) // the first are remembered lines
	f(page("a", 101), ErrSampleLimit)
	f(page("b", 100)+" a 1\n"+page("a", 99), nil)
	f(page("b", 100)+" a 1\n"+page("a", 100), ErrSampleLimit)
}
