package alerts

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"monitoring/panel/fleet"
	"monitoring/panel/notify"
	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

// The test binary is its own child: with these variables it is a panel that alerts, whose world comes in by stdin, one
// check per line.
const (
	childDir = "ALERTS_CHILD_DIR"
	childDSN = "ALERTS_CHILD_DSN"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := runChild(dir, os.Getenv(childDSN)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const (
	pairs     = 20 // of a beginning and an end; each on a server of its own
	plateau   = 20 // checks that each lasts
	quiet     = 20
	allChecks = quiet + pairs*plateau
)

// world is what the servers are like at a check: the first half of them becomes busy, the other half falls silent.
func world(step, server int) (cpu float64, answers bool) {
	in := step >= quiet+server*plateau && step < quiet+(server+1)*plateau
	switch {
	case in && server%2 == 0:
		return 91 + float64(server)/10, true
	case in:
		return 0, false
	}
	return 20, true
}

// runChild does a check for each line "step time" and answers "done"; between the checks it sends what waits.
func runChild(dir, dsn string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	store, err := postgres.Open(ctx, dsn, log)
	if err != nil {
		return err
	}
	defer store.Close()
	db, err := tsdb.Open(tsdb.Options{Dir: filepath.Join(dir, "tsdb"), MemoryBytes: 16 << 20, Log: log})
	if err != nil {
		return err
	}
	defer db.Close()
	servers, err := fleet.New(ctx, fleet.Options{Store: store, Log: log, DataDir: dir, PublicURL: func() string { return "" }, AgentBinaries: fstest.MapFS{}})
	if err != nil {
		return err
	}
	sender, err := notify.New(ctx, notify.Options{Store: store, Log: log, Outbound: loopback})
	if err != nil {
		return err
	}
	s, err := New(ctx, Options{Store: store, DB: db, Fleet: servers, Notify: sender, Log: log, RulesDir: dir, ScrapeInterval: func() time.Duration { return 10 * time.Second }})
	if err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() { sent <- sender.Run(ctx) }()
	err = s.follow(ctx, os.Stdin)
	stop()
	return errors.Join(err, <-sent)
}

// follow evaluates the settings' rules for every line of the world.
func (s *Service) follow(ctx context.Context, in io.Reader) error {
	groups, errs := s.manager.LoadGroups(interval, labels.EmptyLabels(), "", s.evaluate, false, s.loader.read(s.Settings())...)
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	lines := make(chan string)
	go func() {
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			lines <- scanner.Text()
		}
		close(lines)
	}()
	fmt.Println("ready")
	for {
		var line string
		select {
		case <-ctx.Done():
			return nil
		case text, open := <-lines:
			if !open {
				return nil
			}
			line = text
		}
		var step int
		var unix int64
		if _, err := fmt.Sscan(line, &step, &unix); err != nil {
			return err
		}
		at := time.Unix(unix, 0)
		var samples []storage.Sample
		for i, srv := range s.o.Fleet.All() {
			cpu, answers := world(step, i)
			var failure error
			if !answers {
				failure = context.DeadlineExceeded
			} else {
				samples = append(samples, storage.Sample{Labels: []storage.Label{{Name: "__name__", Value: "agent_cpu_usage_ratio"},
					{Name: "job", Value: "node"}, {Name: "server", Value: strconv.FormatInt(srv.ID, 10)}}, Time: at.Add(-time.Second).UnixMilli(), Value: cpu / 100})
			}
			s.o.Fleet.Report(srv.ID, failure, at)
		}
		if err := errors.Join(s.o.DB.Append(samples), s.o.DB.RunOnce(ctx)); err != nil {
			return err
		}
		for _, g := range groups {
			if g.Name() == settingsGroup {
				s.evaluate(ctx, g, at)
			}
		}
		if _, err := s.Deliver(ctx, at.Add(groupWait)); err != nil && ctx.Err() == nil {
			return err
		}
		fmt.Println("done")
	}
}

// child is one life of the panel.
type child struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Scanner
	dead chan error
}

func startChild(t *testing.T, dir, dsn string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childDSN+"="+dsn)
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: cmd, in: in, out: bufio.NewScanner(out), dead: make(chan error, 1)}
	if !c.out.Scan() || c.out.Text() != "ready" {
		t.Fatalf("the child does not start: %v", cmd.Wait())
	}
	return c
}

// say gives the child the world at a step.
func (c *child) say(step int, at time.Time) { fmt.Fprintln(c.in, step, at.Unix()) }

// end stops the child by a signal, and waits for its death.
func (c *child) end(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := c.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	for c.out.Scan() { // until the pipe closes
	}
	if err := c.cmd.Wait(); sig == syscall.SIGTERM && err != nil {
		t.Errorf("a child that was asked to end: %v", err)
	}
}

// counted is what differs by a check: of those that a kill swallowed, and of those after which a message was due that only
// the next life could tell. Three failed checks are the least that is told.
var counted = regexp.MustCompile(`lasted .*|in ([3-9]|\d\d) checks in a row`)

// told returns the messages without what is counted. Of each it says which lives of the panel sent it, in their order.
func told(t *testing.T, b *botAPI) map[string][]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string][]int{}
	for i, text := range b.texts {
		life, err := strconv.Atoi(strings.TrimPrefix(b.from[i], "/"))
		if err != nil {
			t.Fatal(err)
		}
		text = counted.ReplaceAllString(text, "…")
		out[text] = append(out[text], life)
		slices.Sort(out[text])
	}
	return out
}

// newWorld makes stores with servers, and settings under which every alert is told at once.
func newWorld(t *testing.T) (dir, dsn string, b *botAPI, store *postgres.Store) {
	t.Helper()
	dir, dsn, b = t.TempDir(), storagetest.PostgresDSN(t), newBotAPI(t)
	store, err := postgres.Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	servers, err := fleet.New(t.Context(), fleet.Options{Store: store, Log: slog.New(slog.DiscardHandler), DataDir: dir, PublicURL: func() string { return "" }, AgentBinaries: fstest.MapFS{}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range pairs {
		if _, err := servers.Create(t.Context(), fleet.CreateServerRequest{Name: fmt.Sprintf("srv-%d", i+1), URL: fmt.Sprintf("https://10.0.0.%d", i+1)}); err != nil {
			t.Fatal(err)
		}
	}
	settings := storage.DefaultAlertSettings()
	settings.Enabled, settings.AlertCooldown, settings.CPUSpikePercent = true, 0, 1000
	if err := store.SetAlertSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	return dir, dsn, b, store
}

// play plays the world to a panel that is stopped restarts times, half of them by kill -9, at random moments; the world
// goes on meanwhile, sometimes for several checks. It returns which lives of the panel were cut off. Each sends to an
// address of its own: when a message is read says little about when it was sent.
func play(t *testing.T, dir, dsn string, b *botAPI, store *postgres.Store, restarts int, rnd *rand.Rand) (cut map[int]bool) {
	t.Helper()
	start := time.Now().Add(-12 * time.Hour).Truncate(time.Minute)
	stopAt := map[int]bool{}
	for len(stopAt) < restarts {
		stopAt[rnd.IntN(allChecks)] = true
	}
	life, cut := 0, map[int]bool{}
	begin := func() *child {
		life++
		channels := storage.DefaultNotifySettings()
		channels.TelegramBaseURL, channels.TelegramBotToken, channels.TelegramChatID = fmt.Sprintf("%s/%d", b.URL, life), token, chat
		if err := store.SetNotifySettings(t.Context(), channels); err != nil {
			t.Fatal(err)
		}
		return startChild(t, dir, dsn)
	}
	c := begin()
	for step := 0; step < allChecks+5; step++ {
		c.say(step, start.Add(time.Duration(step)*time.Minute))
		if !stopAt[step] {
			if !c.out.Scan() {
				t.Fatalf("the child died at check %d: %v", step, c.cmd.Wait())
			}
			continue
		}
		<-time.After(time.Duration(rnd.IntN(60)) * time.Millisecond) // somewhere within the check, or the sending after it
		if rnd.IntN(2) == 0 {
			c.end(t, syscall.SIGKILL)
			cut[life] = true
		} else {
			asked := time.Now()
			c.end(t, syscall.SIGTERM)
			cut[life] = time.Since(asked) > 2*time.Second // it waits so long for the answer to a message
		}
		if rnd.IntN(10) == 0 {
			step += 1 + rnd.IntN(4)
		}
		c = begin()
	}
	eventually(t, "the last messages are sent", func() bool {
		states, err := store.QueueStates(t.Context())
		return err == nil && len(states) == 1 && states[0].Waiting == 0
	})
	c.end(t, syscall.SIGTERM)
	return cut
}

// Restarts at random moments, 200 of them, change no message: what began before is not told again, what ended meanwhile is told.
// Only the message that a kill separated from our note of it may come twice.
func TestRestarts(t *testing.T) {
	t.Parallel()
	outcome := func(restarts int) (map[string][]int, map[int]bool) {
		dir, dsn, b, store := newWorld(t)
		cut := play(t, dir, dsn, b, store, restarts, rand.New(rand.NewPCG(uint64(restarts), 3)))
		return told(t, b), cut
	}
	want, _ := outcome(0)
	if len(want) != 2*pairs {
		t.Fatalf("%d messages without a restart, want %d: %v", len(want), 2*pairs, want)
	}
	got, cut := outcome(restarts)
	for text := range want {
		if len(got[text]) == 0 {
			t.Errorf("not told: %q", text)
		}
	}
	unnoted := map[int]string{} // by life: messages go out one after the other
	for text, lives := range got {
		if len(want[text]) == 0 {
			t.Errorf("nobody else would have told: %q", text)
		}
		for i, life := range lives[:len(lives)-1] {
			if !cut[life] || life == lives[i+1] || unnoted[life] != "" {
				t.Errorf("by lives %v: %q; also sent and not noted by life %d: %q", lives, text, life, unnoted[life])
			}
			unnoted[life] = text
		}
	}
	t.Logf("%d restarts: %d messages, %d of them twice", restarts, len(got), len(unnoted))
}

// What is said of a rule in the file of the settings survives the settings.
func TestStateAfterARestart(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, noLinks)
	r.down(2, 0)
	r.open()
	r.down(1, 0) // the third failed check, whoever counted the first two
	if got := r.firing()[0]; len(got) != 1 {
		t.Errorf("firing: %v", got)
	}
	r.open()
	r.down(3, 0)
	r.open()
	r.down(1) // it came back while the panel was down
	if got := r.messages(); len(got) != 2 || !strings.HasPrefix(got[1], "🟢 <b>Back online") {
		t.Errorf("messages: %q", got)
	}
}

// A panel that was killed while it committed may be heard of after its successor has read: what it told is not told again.
func TestCommitOfAKilledPanel(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, noLinks)
	for range 3 {
		r.poll(func(int) bool { return false })
		r.evaluate(t.Context(), r.group(settingsGroup), r.now)
		r.now = r.now.Add(oneStep)
	}
	for _, a := range r.state {
		if err := r.store.AlertTold(t.Context(), a.ID, nil, r.now); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Deliver(t.Context(), r.now); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("error %v", err)
	}
	if _, err := r.Deliver(t.Context(), r.now); err != nil {
		t.Error(err)
	}
	if got := r.messages(); len(got) != 0 || len(r.firing()[0]) != 1 {
		t.Errorf("messages %q, firing %v", got, r.firing())
	}
	r.down(1)
	if got := r.messages(); len(got) != 1 || !strings.HasPrefix(got[0], "🟢 <b>Back online") {
		t.Errorf("messages %q", got)
	}
}
