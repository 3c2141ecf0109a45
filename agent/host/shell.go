package host

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"
)

const hangUpTime = 2 * time.Second // for a shell to end after its terminal has gone

// Shell is an interactive shell on a pseudo terminal. Read and Write may run beside each other.
type Shell struct {
	terminal *os.File
	cmd      *exec.Cmd
	ended    chan struct{}
	code     int // after ended
	once     sync.Once
}

// Shell starts the root shell of the machine: bash if it is there, sh otherwise.
func (h *Host) Shell(cols, rows uint16) (*Shell, error) {
	if !h.real {
		return nil, errors.New("start shell: an invented machine has none")
	}
	shell := "sh"
	if _, err := h.Stat("/bin/bash"); err == nil {
		shell = "bash"
	}
	path, argv, attributes := h.prepare([]string{shell, "-l"})
	attributes.Setsid, attributes.Setctty = true, true // a session of its own, so that it can be ended whole
	cmd := exec.Command(path, argv[1:]...)             //nolint:noctx // it lives as long as its terminal
	cmd.Env = []string{"PATH=" + commandPath, "HOME=/root", "TERM=xterm-256color", "LANG=C.UTF-8"}
	cmd.Dir = "/"
	hearHangUps()
	terminal, err := pty.StartWithAttrs(cmd, &pty.Winsize{Cols: cols, Rows: rows}, attributes)
	if err != nil {
		return nil, fmt.Errorf("start shell: %w", err)
	}
	s := &Shell{terminal: terminal, cmd: cmd, ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		_ = cmd.Wait() // the exit status is all there is to know
		s.code = cmd.ProcessState.ExitCode()
	}()
	return s, nil
}

// hearHangUps undoes nohup for what this process starts: a child has by default what its parent handles, and ignores what
// its parent ignores. This process goes on as if it ignored them.
var hearHangUps = sync.OnceFunc(func() {
	if signal.Ignored(syscall.SIGHUP) {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
})

// PID is the number of the first process.
func (s *Shell) PID() int { return s.cmd.Process.Pid }

// Read reads what the shell shows; it ends with an error when the last program has closed the terminal.
func (s *Shell) Read(p []byte) (int, error) { return s.terminal.Read(p) }

// Write types.
func (s *Shell) Write(p []byte) (int, error) { return s.terminal.Write(p) }

// Resize tells the size of the window.
func (s *Shell) Resize(cols, rows uint16) error {
	return pty.Setsize(s.terminal, &pty.Winsize{Cols: cols, Rows: rows})
}

// Wait returns the exit code of the shell, -1 if it was killed or does not end soon.
func (s *Shell) Wait() int {
	select {
	case <-s.ended:
		return s.code
	case <-time.After(hangUpTime):
		return -1
	}
}

// Close hangs up: everything in the shell's session is told, and its own process group killed then. What shall live on
// needs nohup, as over SSH.
func (s *Shell) Close() {
	s.once.Do(func() {
		_ = s.terminal.Close() // programs in the foreground get SIGHUP from the kernel
		group := -s.cmd.Process.Pid
		_ = syscall.Kill(group, syscall.SIGHUP)
		select {
		case <-s.ended:
		case <-time.After(hangUpTime):
		}
		s.tellSession()                          // a shell that is told twice may forget to tell its background jobs
		_ = syscall.Kill(group, syscall.SIGKILL) // also what outlived the shell
		<-s.ended
	})
}

// tellSession sends SIGHUP to what is left of the session, which has the number of the shell.
func (s *Shell) tellSession() {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return // a bad pattern: never
	}
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])) // state, parent, group, session
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && len(fields) > 3 && fields[3] == strconv.Itoa(s.PID()) {
			_ = syscall.Kill(pid, syscall.SIGHUP)
		}
	}
}
