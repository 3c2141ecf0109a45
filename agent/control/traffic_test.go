package control

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"monitoring/agent/api"
	"monitoring/agent/control/controltest"
	"monitoring/agent/host"
)

// askTraffic does an action as the server does.
func askTraffic(t *testing.T, x *Traffic, path string, port int) (api.TrackedPorts, error) {
	t.Helper()
	body, err := json.Marshal(api.PortRequest{Port: port})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(x.Actions(), func(a Action) bool { return a.Path == path })
	v, err := x.Actions()[i].Do(t.Context(), Call{Body: body})
	tracked, _ := v.(api.TrackedPorts)
	return tracked, err
}

func countedPorts(t *testing.T, h *host.Host) (ports []int) {
	t.Helper()
	list, err := h.PortBytes()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		ports = append(ports, int(p.Port))
	}
	return ports
}

func TestTrackedPorts(t *testing.T) {
	t.Parallel()
	n, dir := controltest.NewNamespace(t), t.TempDir()
	x := NewTraffic(Options{Host: n.Host, StateDir: dir + "/made/by/it", Log: quiet()})
	want := func(x *Traffic, want ...int) {
		t.Helper()
		if err := x.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		v, err := x.Inspect(t.Context())
		if tracked, _ := v.(api.TrackedPorts); err != nil || !slices.Equal(tracked.TrackedPorts, want) || tracked.TrackedPorts == nil {
			t.Errorf("tracked %+v, %v; want %v", v, err, want)
		}
		if got := countedPorts(t, n.Host); !slices.Equal(got, want) {
			t.Errorf("the kernel counts %v, want %v", got, want)
		}
	}
	want(x)
	for _, port := range []int{8080, 80, 443, 80} {
		if _, err := askTraffic(t, x, "/ports/add", port); err != nil {
			t.Fatal(err)
		}
	}
	want(x, 80, 443, 8080)
	if tracked, err := askTraffic(t, x, "/ports/remove", 443); err != nil || !slices.Equal(tracked.TrackedPorts, []int{80, 8080}) {
		t.Errorf("%+v, %v", tracked, err)
	}
	for _, port := range []int{0, -1, 65536} {
		_, err := askTraffic(t, x, "/ports/add", port)
		wantCode(t, err, api.CodeInvalid, "port")
	}
	// A boot: nothing is left in the kernel, everything on the disk.
	n.Sh(t, "nft flush ruleset")
	want(NewTraffic(Options{Host: n.Host, StateDir: dir + "/made/by/it", Log: quiet()}), 80, 8080)
	// UFW resets, as lesson 25 has it; somebody flushes a chain.
	n.Sh(t, "ufw --force enable; ufw --force reset; nft flush chain inet monitoring TRAFFIC_ACCOUNTING_IN")
	want(x, 80, 8080)
	for range 2 {
		if _, err := askTraffic(t, x, "/ports/remove", 80); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := askTraffic(t, x, "/ports/remove", 8080); err != nil {
		t.Fatal(err)
	}
	want(x)
}

func TestTrackedPortsAreBounded(t *testing.T) {
	t.Parallel()
	n := controltest.NewNamespace(t)
	x := NewTraffic(Options{Host: n.Host, StateDir: t.TempDir(), Log: quiet()})
	for port := range api.MaxTrackedPorts {
		if _, err := askTraffic(t, x, "/ports/add", port+1); err != nil {
			t.Fatal(err)
		}
	}
	_, err := askTraffic(t, x, "/ports/add", 60000)
	wantCode(t, err, api.CodeConflict, "at most 256")
	if got := countedPorts(t, n.Host); len(got) != api.MaxTrackedPorts {
		t.Errorf("the kernel counts %d ports", len(got))
	}
}

// TestTrafficHeals: the loop itself brings back what somebody removed.
func TestTrafficHeals(t *testing.T) {
	t.Parallel()
	n, dir := controltest.NewNamespace(t), t.TempDir()
	if _, err := askTraffic(t, NewTraffic(Options{Host: n.Host, StateDir: dir, Log: quiet()}), "/ports/add", 443); err != nil {
		t.Fatal(err)
	}
	n.Sh(t, "nft flush ruleset")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- NewTraffic(Options{Host: n.Host, StateDir: dir, Log: quiet()}).Run(ctx) }()
	controltest.Eventually(t, "the port is counted", func() bool { return slices.Equal(countedPorts(t, n.Host), []int{443}) })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
