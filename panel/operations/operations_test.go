package operations

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/change"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/panel/rest/resttest"
	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

// bench is the feature over a real database, before an agent.
type bench struct {
	*Service
	dsn   string
	store *postgres.Store
	agent *httptest.Server

	mu      sync.Mutex
	servers map[int64]storage.Server
	node    node
	seen    map[string]string // what the panel knows of the hashes
	clock   time.Time
	changed []int64 // servers that others were told of
}

func (b *bench) Server(id int64) (storage.Server, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	srv, ok := b.servers[id]
	if !ok {
		return srv, storage.ErrNotFound
	}
	return srv, nil
}

func (b *bench) Control(int64, fleet.Need) (*api.Client, error) {
	return api.NewClient(b.agent.URL, http.DefaultClient), nil
}

func start(t *testing.T) *bench {
	t.Helper()
	b := &bench{dsn: storagetest.PostgresDSN(t), servers: map[int64]storage.Server{}, seen: map[string]string{}, clock: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)}
	b.agent = httptest.NewServer(&b.node)
	t.Cleanup(b.agent.Close)
	b.see()
	b.restart(t)
	return b
}

// restart is another process of the panel over the same database.
func (b *bench) restart(t *testing.T) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	store, err := postgres.Open(t.Context(), b.dsn, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	b.store = store
	b.Service = New(Options{Store: store, Fleet: b, Log: log, Firewall: b.firewall, Hash: func(_ int64, of string) string { return b.seen[of] },
		Changed: func(id int64) { b.changed = append(b.changed, id) }})
	b.now = func() time.Time { return b.clock }
}

// see is a look of the panel at the node.
func (b *bench) see() {
	b.seen[change.OfConfig], b.seen[change.OfFirewall] = b.node.hash(), b.node.firewall().Hash()
}

// killAfter is the end of the panel just after its agent has done the next change: what it was about to write is not
// written any more.
func (b *bench) killAfter() { b.node.after = func() { b.store.Close() } }

func (b *bench) firewall(ctx context.Context, _ int64, c api.FirewallChange) (string, error) {
	client, err := b.Control(0, fleet.Need{})
	if err != nil {
		return "", err
	}
	done, err := client.ChangeFirewall(ctx, c)
	return done.Output, err
}

// server makes a server that is offline.
func (b *bench) server(t *testing.T, name string) int64 {
	t.Helper()
	srv, err := b.store.CreateServer(t.Context(), storage.Server{Name: name, URL: "https://" + name + ".test:9100", IsActive: true, AgentID: name})
	if err != nil {
		t.Fatal(err)
	}
	b.setOffline(srv, "Connection refused")
	return srv.ID
}

func (b *bench) setOffline(srv storage.Server, reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	srv.LastSeen, srv.LastError = &now, nil
	if reason != "" {
		srv.LastError = &reason
	}
	b.servers[srv.ID] = srv
}

func (b *bench) comesBack(t *testing.T, id int64) {
	t.Helper()
	srv, err := b.Server(id)
	if err != nil {
		t.Fatal(err)
	}
	b.setOffline(srv, "")
}

func (b *bench) queue(t *testing.T, id int64, name string) storage.Operation {
	t.Helper()
	return b.keepChange(t, id, change.HAProxyRule{HAProxyRule: rule(name)})
}

func rule(name string) api.HAProxyRule {
	return api.HAProxyRule{Name: name, RuleType: api.RuleTCP, ListenPort: 1, TargetIP: "192.0.2.1", TargetPort: 2}
}

func (b *bench) keepChange(t *testing.T, id int64, c change.Change) storage.Operation {
	t.Helper()
	list, err := b.Queue(t.Context(), []int64{id, id}, c, 0)
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	return list[0]
}

func (b *bench) round(t *testing.T) {
	t.Helper()
	if err := b.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) expect(t *testing.T, o storage.Operation, state, message string) {
	t.Helper()
	got, err := b.store.Operation(t.Context(), o.ID)
	if err != nil || got.State != state || !strings.Contains(got.Message, message) {
		t.Errorf("%s: %s %q, %v; want %s %q", o.Title, got.State, got.Message, err, state, message)
	}
}

// What a server missed it gets when it is back: in order, once, each change seeing the file that the last one left.
// wantLogged compares what the audit log says was done on a server, the newest first.
func (b *bench) wantLogged(t *testing.T, id int64, want ...string) {
	t.Helper()
	entries, err := b.store.AuditEntries(t.Context(), storage.AuditFilter{ServerID: id})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if e.Actor != "panel" || e.Action != change.AuditAction(change.KindHAProxyRule) && e.Action != change.AuditAction(change.KindHAProxyRuleUpdate) && e.Action != change.AuditAction(change.KindHAProxyRuleRemove) {
			t.Errorf("%+v", e)
		}
		got = append(got, e.Detail)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the audit log tells of %q, want %q", got, want)
	}
}

func TestDelivery(t *testing.T) {
	t.Parallel()
	b := start(t)
	id := b.server(t, "a")
	first, second := b.queue(t, id, "first"), b.queue(t, id, "second")
	b.round(t)
	b.expect(t, first, storage.OperationQueued, "")
	b.comesBack(t, id)
	b.round(t)
	b.expect(t, first, storage.OperationDelivered, "reloaded")
	b.expect(t, second, storage.OperationDelivered, "reloaded")
	b.round(t)
	b.wantRules(t, "first second")
	b.wantLogged(t, id, second.Title, first.Title)
	if !slices.Equal(b.changed, []int64{id, id}) {
		t.Errorf("told of changes of %v", b.changed)
	}
}

// A file that somebody edited on the node meanwhile stops the delivery until a person decides.
func TestConflict(t *testing.T) {
	t.Parallel()
	b := start(t)
	id := b.server(t, "a")
	o, dropped := b.queue(t, id, "wanted"), b.queue(t, id, "dropped")
	b.node.edit("by hand")
	b.comesBack(t, id)
	b.round(t)
	b.expect(t, o, storage.OperationConflict, "changed")
	b.expect(t, dropped, storage.OperationConflict, "changed")
	b.round(t)
	b.wantRules(t, "")
	if err := b.DeliverAnyway(t.Context(), o.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.Cancel(t.Context(), dropped.ID); err != nil {
		t.Fatal(err)
	}
	b.round(t)
	b.expect(t, o, storage.OperationDelivered, "reloaded")
	b.expect(t, dropped, storage.OperationCancelled, "")
	var late *rest.Error
	if err := b.Cancel(t.Context(), o.ID); !errors.As(err, &late) || late.Code != "operation_done" {
		t.Errorf("cancelling what is done: %v", err)
	}
	if err := b.DeliverAnyway(t.Context(), 1<<40); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("an operation that is not there: %v", err)
	}
}

func TestRefusalEndsOneOperation(t *testing.T) {
	t.Parallel()
	b := start(t)
	id := b.server(t, "a")
	b.comesBack(t, id)
	clear(b.seen) // the panel has not seen the file: it is not compared
	bad := b.queue(t, id, "bad")
	b.node.refuse = &api.Failure{Code: api.CodeRefused, Detail: "HAProxy says no"}
	b.round(t)
	b.expect(t, bad, storage.OperationFailed, "HAProxy says no")
	b.node.refuse = &api.Failure{Code: api.CodeBusy, Detail: "another change is being made"}
	next := b.queue(t, id, "next")
	b.round(t)
	b.expect(t, next, storage.OperationQueued, "")
	b.node.refuse = nil
	b.round(t)
	b.expect(t, next, storage.OperationDelivered, "reloaded")
}

// A removal whose server lacks the thing is done: by somebody else, or by us before the panel was killed.
func TestWhatIsGoneIsDelivered(t *testing.T) {
	t.Parallel()
	b := start(t)
	id := b.server(t, "a")
	b.comesBack(t, id)
	o := b.keepChange(t, id, change.HAProxyRuleRemove{ListenPort: 1, TargetIP: "192.0.2.1", TargetPort: 2})
	b.round(t)
	b.expect(t, o, storage.OperationDelivered, "no such rule")
}

// One server that cannot be kept for keeps the others from it, too: nobody has to find out which were.
func TestQueueIsAllOrNothing(t *testing.T) {
	t.Parallel()
	b := start(t)
	id := b.server(t, "a")
	if _, err := b.Queue(t.Context(), []int64{id, 1 << 40}, change.TrafficPort{Port: 1}, 0); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("error %v", err)
	}
	if list, err := b.store.QueuedOperations(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// A server that is gone again in the middle loses nothing, and holds up no other.
func TestServerGoesAgain(t *testing.T) {
	t.Parallel()
	b := start(t)
	id := b.server(t, "a")
	b.comesBack(t, id)
	o := b.queue(t, id, "a")
	b.agent.Close()
	b.round(t)
	b.expect(t, o, storage.OperationQueued, "")
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	b := start(t)
	id := b.server(t, "a")
	o := b.queue(t, id, "a")
	b.clock = b.clock.Add(defaultLife)
	b.comesBack(t, id)
	b.round(t)
	b.expect(t, o, storage.OperationExpired, "did not come back in time")
	b.wantRules(t, "")
	b.clock = b.clock.Add(remember + time.Second)
	b.round(t)
	if _, err := b.store.Operation(t.Context(), o.ID); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("it is remembered for ever: %v", err)
	}
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	b := start(t)
	id := b.server(t, "a")
	url := resttest.Serve(t, "/operations", b.Routes)
	f := func(method, path, body string, wantStatus int, want string) {
		t.Helper()
		resttest.Want(t, method, url+path, body, wantStatus, want)
	}
	body := fmt.Sprintf(`{"server_ids":[%d],"kind":"traffic_port_add","payload":{"port":443},"expires_in_hours":1}`, id)
	made := resttest.Decode[OperationsResponse](t, "POST", url, body, 200)
	if len(made.Operations) != 1 {
		t.Fatalf("%+v", made)
	}
	o := made.Operations[0]
	if o.Title != "traffic: count port 443" || o.ServerName != "a" || o.State != storage.OperationQueued || !o.ExpiresAt.Equal(b.clock.Add(time.Hour)) {
		t.Errorf("%+v", o)
	}
	f("GET", "", "", 200, `"title_words":{"text":"traffic: count port 443","code":"traffic_count_port","params":["443"]}`)
	f("POST", fmt.Sprintf("/%d/deliver", o.ID), "", 409, "operation_done") // nothing to decide
	f("DELETE", fmt.Sprintf("/%d", o.ID), "", 200, "")
	f("GET", "", "", 200, `"state":"cancelled"`)
	f("DELETE", "/99999", "", 404, "")
	f("POST", "", `{"server_ids":[],"kind":"traffic_port_add","payload":{"port":443}}`, 400, `"field":"server_ids"`)
	f("POST", "", `{"server_ids":[1],"kind":"traffic_port_add","payload":{"port":0}}`, 400, `"field":"port"`)
	f("POST", "", `{"server_ids":[1],"kind":"traffic_port_add","payload":{"port":1},"expires_in_hours":721}`, 400, `"field":"expires_in_hours"`)
	f("POST", "", `{"server_ids":[99999],"kind":"traffic_port_add","payload":{"port":1}}`, 404, "")
	f("POST", "", fmt.Sprintf(`{"server_ids":[%d],"kind":"command","payload":{"command":"reboot"}}`, id), 422, "not_queueable")
}
