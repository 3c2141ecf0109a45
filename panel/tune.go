package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"

	"monitoring/storage/machine"
)

const (
	heapShare    = 5 // the heap gets a fifth of the machine before the collector works harder
	smallestHeap = 256 << 20
)

// coresVariable tells a program that was started by narrow how many cores it may use.
const coresVariable = "PANEL_CORES"

// narrow starts the program again as if there were one core, and then uses all: when a process begins, the engine of the
// metrics store makes room for buffers of 8 MB for each core, tier and month, and one is enough for all we scrape.
// GOMAXPROCS wins.
func narrow() {
	if cores, err := strconv.Atoi(os.Getenv(coresVariable)); err == nil && cores > 0 {
		runtime.GOMAXPROCS(cores)
		_, _ = os.Unsetenv("GOMAXPROCS"), os.Unsetenv(coresVariable) // not for our children
		return
	}
	self, err := os.Executable()
	if err != nil || os.Getenv("GOMAXPROCS") != "" {
		return
	}
	cores := strconv.Itoa(runtime.GOMAXPROCS(0))
	_ = syscall.Exec(self, os.Args, append(os.Environ(), "GOMAXPROCS=1", coresVariable+"="+cores)) // returns only if it cannot
}

// tune trades a little CPU for memory: half of what the heap holds may be garbage, not as much again, and less when it
// gets large, as at the end of a month when the metrics store makes its next index. GOGC and GOMEMLIMIT win.
func tune(getenv func(string) string) error {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	if getenv("GOMEMLIMIT") == "" {
		total, err := machine.Memory()
		if err != nil {
			return err
		}
		debug.SetMemoryLimit(max(total/heapShare, smallestHeap))
	}
	return nil
}
