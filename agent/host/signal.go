package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrProcessGone is returned for a process that has ended, also when a later one has its number.
var ErrProcessGone = errors.New("the process has ended")

// Signal sends a signal to the process pid that began at started, in ticks since boot as in field 22 of /proc/PID/stat.
func (h *Host) Signal(pid int, started uint64, signal syscall.Signal) error {
	if !h.real {
		return errors.New("signal process: an invented machine has none")
	}
	if h.enter > 1 { // seen from outside, its processes have other numbers
		return errors.New("signal process: not from outside of a container")
	}
	fd, err := unix.PidfdOpen(pid, 0) // first: from here on the number cannot become another process's
	if errors.Is(err, unix.ESRCH) {
		return ErrProcessGone
	}
	if err != nil {
		return fmt.Errorf("open process: %w", err)
	}
	defer unix.Close(fd)
	now, err := h.ProcessStart(pid)
	if errors.Is(err, fs.ErrNotExist) || err == nil && now != started {
		return ErrProcessGone
	}
	if err != nil {
		return err
	}
	if err := unix.PidfdSendSignal(fd, signal, nil, 0); errors.Is(err, unix.ESRCH) {
		return ErrProcessGone
	} else if err != nil {
		return fmt.Errorf("signal process: %w", err)
	}
	return nil
}

// ProcessStart reads when a process began, in ticks since boot.
func (h *Host) ProcessStart(pid int) (uint64, error) {
	stat, err := h.ReadInto("proc/"+strconv.Itoa(pid)+"/stat", nil)
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may contain anything; the 20th field after it is the start.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return 0, fmt.Errorf("read start of process %d: its line is too short", pid)
	}
	return strconv.ParseUint(string(fields[19]), 10, 64)
}
