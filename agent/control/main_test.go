package control

import (
	"context"
	"fmt"
	"os"
	"testing"

	"monitoring/agent/control/controltest"
	"monitoring/agent/host"
)

// TestMain also stands in for the agent's program when the timer of systemd calls it.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == RevertArgument {
		f := NewFirewall(Options{Host: host.New("/"), StateDir: os.Getenv("AGENT_STATE_DIR"), Log: quiet()})
		if err := f.Revert(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(controltest.Main(m))
}
