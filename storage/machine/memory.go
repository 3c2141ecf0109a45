// Package machine tells what the machine, or the container, gives to our programs.
package machine

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Memory is how many bytes there are for all programs together.
func Memory() (int64, error) {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	total, err := memTotal(string(b))
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	if b, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil { // "max" in the root group: no number
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil {
			total = min(total, limit)
		}
	}
	return total, nil
}

func memTotal(meminfo string) (int64, error) {
	for line := range strings.Lines(meminfo) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "MemTotal:" {
			kb, err := strconv.ParseInt(fields[1], 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("no MemTotal")
}
