package firewall

import (
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"monitoring/agent/api"
)

// TestHeldChangeIsKept: the change waits on the node, everybody sees it, and it is confirmed when a person says so.
func TestHeldChangeIsKept(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.seconds = 45
	b.call(t, "GET", "/fleet/changes", "", 200, `{"changes":[]}`)
	b.call(t, "POST", "/1/rule?hold=45", `{"port":443,"action":"allow","from_ip":"10.0.0.0/8"}`, 200,
		`"pending":{"server_id":1,"id":"x","op":"add","rule":"allow 443/tcp from 10.0.0.0/8","hold_seconds":45,"seconds_left":4`)
	if len(b.changes) != 1 || b.changes[0].HoldSeconds != 45 || b.confirms != 0 || b.changed == 0 {
		t.Errorf("%+v, %d confirmations, told %d times", b.changes, b.confirms, b.changed)
	}
	b.call(t, "GET", "/fleet/changes", "", 200, `"outcome":""}]`)
	b.call(t, "POST", "/1/changes/other/keep", "", 404, "waits no more")
	b.call(t, "POST", "/2/changes/x/keep", "", 404, "waits no more")
	b.call(t, "POST", "/1/changes/x/keep", "", 200, "kept")
	b.call(t, "GET", "/fleet/changes", "", 200, `"seconds_left":0,"outcome":"kept"}]`)
	b.call(t, "POST", "/1/changes/x/revert", "", 404, "waits no more")
	if b.confirms != 1 || len(b.reverts) != 0 {
		t.Errorf("%d confirmations, taken back: %v", b.confirms, b.reverts)
	}
}

func TestHeldChangeIsTakenBack(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.call(t, "DELETE", "/1/rule/3?expect=25/tcp+DENY+Anywhere&hold=45", "", 200, `"op":"delete","rule":"25/tcp DENY Anywhere"`)
	b.call(t, "POST", "/1/changes/x/revert", "", 200, "taken back")
	b.call(t, "GET", "/fleet/changes", "", 200, `"outcome":"reverted"`)
	if b.confirms != 0 || !slices.Equal(b.reverts, []string{"x"}) {
		t.Errorf("%d confirmations, taken back: %v", b.confirms, b.reverts)
	}
	b.seconds = 1 << 40 // a stranger's node may say anything
	b.call(t, "POST", "/1/enable?hold=45", "", 200, `"hold_seconds":45`)
	b.call(t, "POST", "/1/enable?hold=9", "", 400, `"field":"hold"`)
	b.call(t, "POST", "/1/enable?hold=121", "", 400, `"field":"hold"`)
}

// TestHeldChangeThatLocksOut: nobody is asked to keep what has shut the panel out; the connection that is still open takes
// it back.
func TestHeldChangeThatLocksOut(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.seconds, b.shut = 1, true
	b.call(t, "POST", "/1/enable?hold=10", "", 502, `"code":"reverted"`)
	b.call(t, "GET", "/fleet/changes", "", 200, `{"changes":[]}`)
	if b.confirms != 0 || !slices.Equal(b.reverts, []string{"x"}) {
		t.Errorf("%d confirmations, taken back: %v", b.confirms, b.reverts)
	}
}

// TestKeepingThatFails: who cannot get through may try again until the time is over.
func TestKeepingThatFails(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.confirm = func(n int, w http.ResponseWriter) {
		if n == 1 {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"code":"not_found","detail":"taken back already"}`)
			return
		}
		_, _ = io.WriteString(w, "{}")
	}
	b.call(t, "POST", "/1/disable?hold=45", "", 200, `"op":"disable","rule":""`)
	b.call(t, "POST", "/1/changes/x/keep", "", 404, "taken back already")
	b.call(t, "GET", "/fleet/changes", "", 200, `"outcome":""`)
	b.call(t, "POST", "/1/changes/x/keep", "", 200, "kept")
}

// TestNobodyAnswers: the end of the time is told for a minute, and a confirmation that came through counts more.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := held{byServer: map[int64]*heldChange{}}
		h.put(&heldChange{Held: Held{ServerID: 2, ID: "x"}, until: time.Now().Add(10 * time.Second)})
		h.put(&heldChange{Held: Held{ServerID: 1, ID: "y"}, until: time.Now().Add(20 * time.Second)})
		time.Sleep(4 * time.Second)
		if got := h.list(); len(got) != 2 || got[0].ServerID != 1 || got[0].SecondsLeft != 16 || got[1].SecondsLeft != 6 {
			t.Errorf("%+v", got)
		}
		if _, ok := h.waiting(2, "x"); !ok {
			t.Error("it waits no more")
		}
		if !h.end(2, "x", Expired) || h.end(2, "x", Expired) || h.end(3, "x", Kept) {
			t.Error("a change ends once")
		}
		if _, ok := h.waiting(2, "x"); ok {
			t.Error("it still waits")
		}
		if got := h.list(); got[1].Outcome != Expired || got[1].SecondsLeft != 0 {
			t.Errorf("%+v", got)
		}
		if !h.end(2, "x", Kept) || h.list()[1].Outcome != Kept {
			t.Error("what the node has confirmed is told as expired")
		}
		time.Sleep(endedFor + time.Second)
		if got := h.list(); len(got) != 1 || got[0].ServerID != 1 || got[0].SecondsLeft != 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestRuleInOneLine(t *testing.T) {
	t.Parallel()
	f := func(c api.FirewallChange, want string) {
		t.Helper()
		if got := rule(c); got != want {
			t.Errorf("%+v: %q, want %q", c, got, want)
		}
	}
	f(api.FirewallChange{Op: "enable"}, "")
	f(api.FirewallChange{Op: "add", Action: "deny", Direction: "out", Ports: "25", Protocol: "any"}, "deny out 25/any")
	f(api.FirewallChange{Op: "delete_port", Ports: "80,443", Protocol: "tcp"}, "80,443/tcp")
	f(api.FirewallChange{Op: "delete", Number: 4}, "rule 4")
	f(api.FirewallChange{Op: "delete", Number: 4, Expect: "22/tcp ALLOW Anywhere"}, "22/tcp ALLOW Anywhere")
}
