package tsdb_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/tsdb"
)

// The test binary is its own child: with one of these variables it does what the name says, see child.
const (
	crashChild = "TSDB_CRASH_CHILD_DIR" // opens the directory, prints what it finds, and appends until it is killed
	probeChild = "TSDB_PROBE_CHILD"     // is `panel tsdb probe`
	diskChild  = "TSDB_DISK_CHILD"      // fills the disk of its working directory
)

func TestMain(m *testing.M) {
	err := errNoChild
	if dir := os.Getenv(crashChild); dir != "" && os.Getenv(probeChild) == "" {
		err = runCrashChild(dir)
	} else if os.Getenv(probeChild) != "" {
		err = runProbeChild()
	} else if dir := os.Getenv(rollupChild); dir != "" {
		err = runRollupChild(dir)
	} else if phase := os.Getenv(diskChild); phase != "" {
		err = runDiskChild(phase)
	}
	switch {
	case errors.Is(err, errNoChild):
		os.Exit(m.Run())
	case err == nil:
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

var errNoChild = errors.New("not a child")

const (
	crashSeries = 20
	crashWindow = 30 * time.Second // of the past that a child reports
)

// runCrashChild prints "found" and the times of whole scrapes, then the time of each scrape once it is appended.
func runCrashChild(dir string) error {
	o := tsdb.Options{Dir: dir, MemoryBytes: 16 << 20}
	o.SetSegmentAge(40 * time.Millisecond)
	o.SetEngineFlush(2 * time.Second)
	o.Probe = probeCommand
	db, err := tsdb.Open(o)
	if err != nil {
		return err
	}
	ctx := context.Background()
	go func() { _ = db.Run(ctx) }()
	if err := db.RunOnce(ctx); err != nil {
		return err
	}
	scrapes := map[int64]int{}
	series, err := db.Query(ctx, fmt.Sprintf("m[%ds]", int(crashWindow.Seconds())), time.Now())
	if err != nil {
		return err
	}
	for _, s := range series {
		for _, p := range s.Points {
			scrapes[p.Time]++
		}
	}
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprint(out, "found")
	for at, n := range scrapes {
		if n == crashSeries {
			fmt.Fprintf(out, " %d", at)
		}
	}
	fmt.Fprintln(out)
	if err := out.Flush(); err != nil {
		return err
	}
	page := db.NewExposition(tsdb.ExpositionOptions{Labels: []storage.Label{{Name: "server", Value: "1"}}})
	for n := 0; ; n++ {
		at := time.Now().Truncate(time.Millisecond)
		var text strings.Builder
		for i := range crashSeries {
			fmt.Fprintf(&text, "m{i=\"%d\"} %d\n", i, n)
		}
		if _, err := page.Append([]byte(text.String()), at); err != nil {
			return err
		}
		fmt.Println(at.UnixMilli())
		<-time.After(3 * time.Millisecond)
	}
}

// TestKill9 kills a writing process 100 times at random moments: while it opens and replays, while it writes and rotates
// the log (every 40 ms), and twice after it removed segments. All it had acknowledged must be there: the promise of 2 s is
// for a machine that loses power, whose page cache goes, too. Nothing may be quarantined.
func TestKill9(t *testing.T) {
	t.Parallel()
	kills := 100
	if raceDetector {
		kills = 25 // the children are slow; the run without cgo has all
	}
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	var acked []int64 // of the last window
	opened := 0
	for i := range kills {
		delay, opening := time.Duration(r.IntN(400))*time.Millisecond, i%3 == 0
		if i == kills/3 || i == 2*kills/3 {
			delay, opening = 17*time.Second, false
		}
		found, more := killChild(t, dir, delay, opening)
		if found != nil {
			opened++
			checkFound(t, acked, found)
		}
		acked = append(acked, more...)
		if _, err := os.Stat(filepath.Join(dir, "quarantine")); !os.IsNotExist(err) {
			t.Fatalf("after kill %d there is a quarantine: %v", i, err)
		}
	}
	if opened < kills/3 {
		t.Errorf("only %d of %d children came to look", opened, kills)
	}
	t.Logf("%d children killed, %d looked for what their ancestors had stored", kills, opened)
}

// checkFound fails when an acknowledged scrape of the last window is missing.
func checkFound(t *testing.T, acked []int64, found map[int64]bool) {
	t.Helper()
	oldest := time.Now().Add(-crashWindow + 5*time.Second).UnixMilli()
	for _, at := range acked {
		if at > oldest && !found[at] {
			t.Fatalf("the scrape of %d is lost, %d ms before the last acknowledged one", at, acked[len(acked)-1]-at)
		}
	}
}

// killChild runs a child and kills it after delay: from its start when it shall die opening, else from its first append.
func killChild(t *testing.T, dir string, delay time.Duration, opening bool) (found map[int64]bool, acked []int64) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashChild+"="+dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() { _ = cmd.Process.Kill() } // it may be dead
	limit := time.AfterFunc(time.Minute, kill)
	if opening {
		limit.Reset(delay)
	}
	in := bufio.NewReaderSize(out, 1<<20)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			if err != io.EOF {
				t.Error(err)
			}
			break
		}
		if fields := strings.Fields(line); fields[0] == "found" {
			found = map[int64]bool{}
			for _, f := range fields[1:] {
				found[number(t, f)] = true
			}
			if !opening {
				limit.Reset(delay)
			}
		} else {
			acked = append(acked, number(t, fields[0]))
		}
	}
	limit.Stop()
	_ = cmd.Wait() // killed
	if stderr.Len() > 0 {
		t.Fatalf("the child said: %s", stderr.String())
	}
	return found, acked
}

func number(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
