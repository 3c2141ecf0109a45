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

// halveCores starts the program again with half of the cores: others live on the machine, too, and a core that is woken
// for a scrape costs more than the scrape. The environment says so, because the engine of the metrics store reads it when
// the process begins: it keeps buffers of 8 MB for each core, tier and month. GOMAXPROCS wins.
func halveCores() {
	self, err := os.Executable()
	if err != nil || os.Getenv("GOMAXPROCS") != "" {
		return
	}
	cores := "GOMAXPROCS=" + strconv.Itoa(max(1, runtime.GOMAXPROCS(0)/2))
	_ = syscall.Exec(self, os.Args, append(os.Environ(), cores)) // returns only if it cannot: all cores, then
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
