package collector

import "testing"

// TestTraffic: cards are told apart from bridges and tunnels, which carry the same bytes a second time; ends of containers are not named.
func TestTraffic(t *testing.T) {
	t.Parallel()
	h := fakeHost(machine(t))
	s := newSampler(h, quiet)
	c := &traffic{h, s}
	expect(t, c.Collect, "") // before the first second
	if err := s.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect(t, c.Collect, `
# HELP agent_network_counted Whether an interface belongs to the machine's total (1), or carries only what another one carries too (0), as bridges and tunnels do.
# TYPE agent_network_counted gauge
agent_network_counted{device="docker0"} 0
agent_network_counted{device="eth0"} 1
agent_network_counted{device="eth1"} 1
agent_network_counted{device="lo"} 0
agent_network_counted{device="wg0"} 0
`)
}
