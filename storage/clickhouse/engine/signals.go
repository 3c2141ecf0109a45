package main

import (
	"fmt"
	"syscall"
	"unsafe"
)

const lastSignal = 64

// sigaction is the kernel's struct; it is the same on amd64 and arm64.
type sigaction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

// keepSignals runs f and puts the signal handlers back that Go had before. libchdb resets eight of them to their
// defaults whenever it is told to install none, and again with each connection; without SIGSEGV and SIGURG handlers of
// its own a Go program dies of things that it survives.
func keepSignals(f func() error) error {
	var saved [lastSignal + 1]sigaction
	for sig := 1; sig <= lastSignal; sig++ {
		if err := rtSigaction(sig, nil, &saved[sig]); err != nil {
			return fmt.Errorf("read handler of signal %d: %w", sig, err)
		}
	}
	err := f()
	for sig := 1; sig <= lastSignal; sig++ {
		if sig == int(syscall.SIGKILL) || sig == int(syscall.SIGSTOP) {
			continue
		}
		if err := rtSigaction(sig, &saved[sig], nil); err != nil {
			return fmt.Errorf("restore handler of signal %d: %w", sig, err)
		}
	}
	return err
}

func rtSigaction(sig int, set, old *sigaction) error {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), 8, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
