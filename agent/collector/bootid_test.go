package collector

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"
)

func TestBootID(t *testing.T) {
	t.Parallel()
	c := &bootID{fstest.MapFS{"proc/sys/kernel/random/boot_id": {Data: []byte("3f0c1d7e-54a7\n")}}}
	expect(t, c.Collect, `
# HELP agent_boot_info Random id that the kernel chose at boot; it changes when the machine reboots.
# TYPE agent_boot_info gauge
agent_boot_info{boot_id="3f0c1d7e-54a7"} 1
`)
}

func TestBootIDMissing(t *testing.T) {
	t.Parallel()
	c := &bootID{fstest.MapFS{}}
	if err := c.Collect(nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Collect = %v", err)
	}
}
