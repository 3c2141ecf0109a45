package operations

import (
	"testing"

	"monitoring/agent/api"
	"monitoring/panel/change"
	"monitoring/storage"
)

// killed delivers until the panel is killed, just after the agent has made the first of the changes, and once more by the
// next process.
func (b *bench) killed(t *testing.T, id int64) {
	t.Helper()
	b.killAfter()
	b.comesBack(t, id)
	if err := b.RunOnce(t.Context()); err == nil {
		t.Fatal("the panel was not killed")
	}
	b.restart(t)
}

// A change that was made just before the panel was killed is known again, and what is behind it is delivered as well:
// nobody else has touched the file.
func TestKilledAfterTheChange(t *testing.T) {
	t.Parallel()
	f := func(what string, there []api.HAProxyRule, c change.Change, wantFirst, wantMessage string) {
		t.Helper()
		b := start(t)
		b.node.rules = there
		b.see()
		id := b.server(t, "a")
		first := b.keepChange(t, id, c)
		second := b.queue(t, id, "second")
		b.killed(t, id)
		b.expect(t, first, storage.OperationQueued, "")
		b.round(t)
		b.expect(t, first, storage.OperationDelivered, wantMessage)
		b.expect(t, second, storage.OperationDelivered, "reloaded")
		b.wantMade(t, wantFirst, "add second")
		b.wantLogged(t, id, second.Title, first.Title)
		if t.Failed() {
			t.Fatal(what)
		}
	}
	f("add", nil, change.HAProxyRule{HAProxyRule: rule("first")}, "add first", "as wanted already")
	f("edit", []api.HAProxyRule{rule("old")}, change.HAProxyRuleUpdate{Name: "old", HAProxyRuleUpdate: api.HAProxyRuleUpdate{TargetPort: new(9)}}, "PUT old", "as wanted already")
	f("remove", []api.HAProxyRule{rule("old")}, change.HAProxyRuleRemove{ListenPort: 1, TargetIP: "192.0.2.1", TargetPort: 2}, "DELETE old", "no such rule")
}

// After a kill somebody has edited the file as well: the rule is there, so it is delivered, but what is behind it asks.
func TestKilledAndEditedByHand(t *testing.T) {
	t.Parallel()
	b := start(t)
	id := b.server(t, "a")
	first, second := b.queue(t, id, "first"), b.queue(t, id, "second")
	b.killed(t, id)
	b.node.edit("by hand")
	b.round(t)
	b.expect(t, first, storage.OperationDelivered, "as wanted already")
	b.expect(t, second, storage.OperationConflict, "changed meanwhile")
	b.wantMade(t, "add first")
}

// Before the kill the change was only looked at: the next process makes it.
func TestKilledBeforeTheChange(t *testing.T) {
	t.Parallel()
	b := start(t)
	id := b.server(t, "a")
	o := b.queue(t, id, "first")
	if err := b.store.ForeseeOperation(t.Context(), o.ID, "not what it became"); err != nil {
		t.Fatal(err)
	}
	b.restart(t)
	b.comesBack(t, id)
	b.round(t)
	b.expect(t, o, storage.OperationDelivered, "reloaded")
	b.wantMade(t, "add first")
}

// An edit waits like any other change, and is no removal: a rule that is not there any more is a failure.
func TestEditOfARule(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.node.rules = []api.HAProxyRule{rule("web")}
	b.see()
	id := b.server(t, "a")
	edit := func(name string) storage.Operation {
		return b.keepChange(t, id, change.HAProxyRuleUpdate{Name: name, HAProxyRuleUpdate: api.HAProxyRuleUpdate{TargetIP: new("2001:db8::1"), TargetPort: new(9)}})
	}
	web, gone := edit("web"), edit("gone")
	b.comesBack(t, id)
	b.round(t)
	b.expect(t, web, storage.OperationDelivered, "reloaded")
	b.expect(t, gone, storage.OperationFailed, `no rule "gone"`)
	want := rule("web")
	want.TargetIP, want.TargetPort = "2001:db8::1", 9
	if b.node.rules[0] != want || web.Title != "HAProxy: change rule web, target_ip 2001:db8::1, target_port 9" {
		t.Errorf("%+v after %q", b.node.rules[0], web.Title)
	}
}

func deletion(port string) change.FirewallDelete {
	return change.FirewallDelete{To: port + "/tcp", Action: "ALLOW", Direction: "IN", From: "Anywhere"}
}

// Rules of the firewall are deleted by what they read: the numbers shift with each one that goes.
func TestFirewallRulesByContents(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.node.fw = []string{"22", "80", "443", "8443"}
	b.see()
	id := b.server(t, "a")
	kept := []storage.Operation{b.keepChange(t, id, deletion("80")), b.keepChange(t, id, change.FirewallRule{Port: 25, Protocol: "tcp"}), b.keepChange(t, id, deletion("8443"))}
	b.comesBack(t, id)
	b.round(t)
	for _, o := range kept {
		b.expect(t, o, storage.OperationDelivered, "ok")
	}
	b.wantMade(t, "delete 2", "add 025", "delete 3")
}

// A firewall that somebody has changed meanwhile asks before anything is deleted.
func TestFirewallThatHasChanged(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.node.fw = []string{"22", "80"}
	b.see()
	id := b.server(t, "a")
	o := b.keepChange(t, id, deletion("80"))
	b.node.fw = []string{"25", "22", "80"}
	b.comesBack(t, id)
	b.round(t)
	b.expect(t, o, storage.OperationConflict, "the firewall has been changed")
	b.wantMade(t)
	if err := b.DeliverAnyway(t.Context(), o.ID); err != nil {
		t.Fatal(err)
	}
	b.round(t)
	b.expect(t, o, storage.OperationDelivered, "ok")
	b.wantMade(t, "delete 3")
}

func TestKilledAfterADeletion(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.node.fw = []string{"22", "80", "443"}
	b.see()
	id := b.server(t, "a")
	first, second := b.keepChange(t, id, deletion("80")), b.keepChange(t, id, deletion("443"))
	b.killed(t, id)
	b.round(t)
	b.expect(t, first, storage.OperationDelivered, "no rule 80/tcp ALLOW IN Anywhere")
	b.expect(t, second, storage.OperationDelivered, "ok")
	b.wantMade(t, "delete 2", "delete 2")
}
