package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"

	"monitoring/panel/fleet"
	"monitoring/panel/notify"
	"monitoring/panel/outbound"
	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

const (
	token   = "123456789:AAF0123456789abcdefghijklmnopqrstu-"
	chat    = "-1001234567890"
	oneStep = time.Minute // the default check interval
)

var loopback = outbound.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

// botAPI takes messages as Telegram's server does, and keeps their texts.
type botAPI struct {
	*httptest.Server
	mu    sync.Mutex
	texts []string
	at    []time.Time
	from  []string // what stood before the token in the address
}

func newBotAPI(t testing.TB) *botAPI {
	t.Helper()
	b := &botAPI{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct{ Text string }
		body, _ := io.ReadAll(r.Body)
		from, known := strings.CutSuffix(r.URL.Path, "/bot"+token+"/sendMessage")
		if !known || json.Unmarshal(body, &m) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"ok":false,"description":"Unauthorized"}`)
			return
		}
		b.mu.Lock()
		b.texts, b.at, b.from = append(b.texts, m.Text), append(b.at, time.Now()), append(b.from, from)
		b.mu.Unlock()
		_, _ = io.WriteString(w, `{"ok":true,"result":{}}`)
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *botAPI) received() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.texts...)
}

// rig is the alerting over real stores, with the clock and the servers in the hands of a test.
type rig struct {
	*Service
	t      testing.TB
	store  *postgres.Store
	db     *tsdb.DB
	fleet  *fleet.Service
	notify *notify.Service
	bot    *botAPI
	dir    string
	ids    []int64
	now    time.Time
	groups map[string]*rules.Group
}

// newRig makes n servers, called srv-1 and so on, and alert settings that are on.
func newRig(t testing.TB, n int, change func(*storage.AlertSettings)) *rig {
	t.Helper()
	r := &rig{t: t, store: storagetest.Postgres(t), db: storagetest.TSDB(t), bot: newBotAPI(t), dir: t.TempDir(), now: time.Now().Truncate(time.Minute)}
	settings := storage.DefaultAlertSettings()
	settings.Enabled = true
	if change != nil {
		change(&settings)
	}
	if err := errors.Join(settings.Validate(), r.store.SetAlertSettings(t.Context(), settings)); err != nil {
		t.Fatal(err)
	}
	r.openFleet()
	for i := range n {
		made, err := r.fleet.Create(t.Context(), fleet.CreateServerRequest{Name: fmt.Sprintf("srv-%d", i+1), URL: fmt.Sprintf("https://10.0.%d.%d:9100", i/250, i%250+1)})
		if err != nil {
			t.Fatal(err)
		}
		r.ids = append(r.ids, made.Server.ID)
	}
	r.open()
	if err := r.notify.Update(t.Context(), func(v *storage.NotifySettings) {
		v.TelegramBaseURL, v.TelegramBotToken, v.TelegramChatID = r.bot.URL, token, chat
	}); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) log() *slog.Logger { return slog.New(slog.NewTextHandler(r.t.Output(), nil)) }

func (r *rig) openFleet() {
	r.t.Helper()
	var err error
	r.fleet, err = fleet.New(r.t.Context(), fleet.Options{Store: r.store, Log: r.log(), DataDir: r.dir,
		PublicURL: func() string { return "https://panel.test" }, AgentBinaries: fstest.MapFS{}})
	if err != nil {
		r.t.Fatal(err)
	}
}

// open makes the services anew, as a start of the panel does; what they hold in memory only is lost.
func (r *rig) open() {
	r.t.Helper()
	var err error
	if r.notify, err = notify.New(r.t.Context(), notify.Options{Store: r.store, Log: r.log(), Outbound: loopback}); err != nil {
		r.t.Fatal(err)
	}
	r.Service, err = New(r.t.Context(), Options{Store: r.store, DB: r.db, Fleet: r.fleet, Notify: r.notify, Log: r.log(),
		RulesDir: filepath.Join(r.dir, "rules"), Link: "https://panel.test/secret/", ScrapeInterval: func() time.Duration { return 10 * time.Second }})
	if err != nil {
		r.t.Fatal(err)
	}
	r.groups = nil
	r.load()
}

// load takes up rules and settings as Reload does, without the manager's own clock.
func (r *rig) load() {
	r.t.Helper()
	groups, errs := r.manager.LoadGroups(interval, labels.EmptyLabels(), r.o.Link, r.evaluate, false, r.loader.read(r.Settings())...)
	if len(errs) > 0 {
		r.t.Fatal(errs)
	}
	for k, g := range groups {
		if old := r.groups[k]; old != nil {
			g.CopyState(old)
		}
	}
	r.groups = groups
	if err := r.forgetRules(r.t.Context(), r.loader.Alerts()); err != nil {
		r.t.Fatal(err)
	}
}

// set changes the settings.
func (r *rig) set(change func(*storage.AlertSettings)) {
	r.t.Helper()
	v := clone(r.Settings())
	change(&v)
	if err := errors.Join(v.Validate(), r.store.SetAlertSettings(r.t.Context(), v)); err != nil {
		r.t.Fatal(err)
	}
	r.settings.Store(&v)
	r.load()
}

// group returns a group that is evaluated.
func (r *rig) group(name string) *rules.Group {
	r.t.Helper()
	for _, g := range r.groups {
		if g.Name() == name {
			return g
		}
	}
	r.t.Fatalf("there is no group %s", name)
	return nil
}

// feed writes one sample per server and series, ten seconds ago; NaN writes none.
func (r *rig) feed(series string, value func(i int) float64, more ...storage.Label) {
	r.t.Helper()
	var samples []storage.Sample
	for i, id := range r.ids {
		if v := value(i); !math.IsNaN(v) {
			ls := append([]storage.Label{{Name: "__name__", Value: series}, {Name: "job", Value: "node"}, {Name: "server", Value: strconv.FormatInt(id, 10)},
				{Name: "instance", Value: fmt.Sprintf("10.0.0.%d:9100", i)}}, more...)
			samples = append(samples, storage.Sample{Labels: ls, Time: r.now.Add(-10 * time.Second).UnixMilli(), Value: v})
		}
	}
	if err := errors.Join(r.db.Append(samples), r.db.RunOnce(r.t.Context())); err != nil {
		r.t.Fatal(err)
	}
}

// poll reports one poll of each server.
func (r *rig) poll(answers func(i int) bool) {
	for i, id := range r.ids {
		var err error
		if !answers(i) {
			err = context.DeadlineExceeded
		}
		r.fleet.Report(id, err, r.now)
	}
}

func all(int) bool { return true }

// check evaluates the settings' rules now, delivers what is due after the group wait, and moves on by a step.
func (r *rig) check() {
	r.t.Helper()
	r.evaluate(r.t.Context(), r.group(settingsGroup), r.now)
	if _, err := r.Deliver(r.t.Context(), r.now.Add(groupWait)); err != nil {
		r.t.Fatal(err)
	}
	r.now = r.now.Add(oneStep)
}

// firing returns the types that fire, by index of the server.
func (r *rig) firing() map[int][]string {
	out := map[int][]string{}
	for _, a := range r.Active(r.now) {
		for i, id := range r.ids {
			if a.State == "firing" && a.ServerIDs[0] == id {
				out[i] = append(out[i], a.Alertname)
			}
		}
	}
	return out
}

// messages sends what is queued and returns everything that has arrived so far.
func (r *rig) messages() []string {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan error, 1)
	go func() { done <- r.notify.Run(ctx) }()
	eventually(r.t, "the queue is empty", func() bool {
		states, err := r.store.QueueStates(r.t.Context())
		if err != nil {
			r.t.Fatal(err)
		}
		for _, s := range states {
			if s.Channel == notify.Telegram && s.Waiting > 0 {
				return false
			}
		}
		return true
	})
	cancel()
	if err := <-done; err != nil {
		r.t.Fatal(err)
	}
	return r.bot.received()
}

func eventually(t testing.TB, what string, check func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !check() {
		select {
		case <-deadline:
			t.Fatalf("timeout: %s", what)
		case <-tick.C:
		}
	}
}
