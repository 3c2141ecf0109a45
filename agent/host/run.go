package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	defaultTimeout = 30 * time.Second // of a command
	defaultOutput  = 256 << 10        // bytes kept of each stream of a command
	leaveTime      = 2 * time.Second  // for whoever holds the output open after the command has ended
	commandPath    = "/snap/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

// Command is a program to run on the machine. There is no shell: what comes from outside is one argument, whatever it
// contains.
type Command struct {
	Args           []string      // the program, found in the machine's PATH, and its arguments
	Env            []string      // besides PATH, HOME and LC_ALL=C; nothing of the agent's own environment is passed on
	Stdin          []byte        //
	Stdout, Stderr io.Writer     // get the output as it comes; nil keeps it for Result
	MaxOutput      int           // bytes kept or written of each stream, 256 KiB if zero; the rest is read and forgotten
	Timeout        time.Duration // 30 s if zero; the context may end it earlier
}

// Result is what a command left behind.
type Result struct {
	Stdout, Stderr string
	ExitCode       int  // -1 when it was killed
	Truncated      bool // there was more output than MaxOutput
	Took           time.Duration
}

// Output is both streams without white space around them, for people.
func (r Result) Output() string {
	return strings.TrimSpace(strings.TrimSpace(r.Stderr) + "\n" + strings.TrimSpace(r.Stdout))
}

// ExitError is a command that ran and reported a failure.
type ExitError struct {
	Program string
	Code    int
	Output  string
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("%s: exit status %d: %s", e.Program, e.Code, shorten(e.Output))
}

func shorten(text string) string {
	const most = 500
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// Run runs a command and waits for it. An exit status other than 0 is an *ExitError, and so is nothing else; the
// result is filled in any case. At the end of ctx or of the timeout the whole process group is killed.
func (h *Host) Run(ctx context.Context, c Command) (Result, error) {
	if len(c.Args) == 0 {
		return Result{ExitCode: -1}, errors.New("run command: no program")
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxOutput == 0 {
		c.MaxOutput = defaultOutput
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	began := time.Now()
	r, err := h.run(ctx, c)
	r.Took = time.Since(began)
	if ctx.Err() != nil && r.ExitCode != 0 {
		return r, fmt.Errorf("run %s: %w", c.Args[0], ctx.Err())
	}
	return r, err
}

// runProcess is run for a machine that is real.
func (h *Host) runProcess(ctx context.Context, c Command) (Result, error) {
	path, argv, attributes := h.prepare(c.Args)
	attributes.Setpgid = true
	var stdout, stderr bytes.Buffer
	out := &limited{w: c.Stdout, left: c.MaxOutput}
	errOut := &limited{w: c.Stderr, left: c.MaxOutput}
	if out.w == nil {
		out.w = &stdout
	}
	if errOut.w == nil {
		errOut.w = &stderr
	}
	cmd := exec.CommandContext(ctx, path, argv[1:]...)
	cmd.Env = append([]string{"PATH=" + commandPath, "HOME=/root", "LC_ALL=C"}, c.Env...)
	cmd.Dir = "/"
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(c.Stdin), out, errOut
	cmd.SysProcAttr = attributes
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = leaveTime
	err := cmd.Run()
	r := Result{Stdout: stdout.String(), Stderr: stderr.String(), ExitCode: -1, Truncated: out.cut || errOut.cut}
	if cmd.ProcessState != nil {
		r.ExitCode = cmd.ProcessState.ExitCode()
	}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return r, &ExitError{c.Args[0], r.ExitCode, r.Output()}
	case errors.Is(err, exec.ErrWaitDelay): // it has ended well and left a child behind
		return r, nil
	case err != nil:
		return r, fmt.Errorf("run %s: %w", c.Args[0], err)
	}
	return r, nil
}

// prepare says how a program of the machine is started from here: what to execute, with which arguments and attributes.
func (h *Host) prepare(args []string) (path string, argv []string, _ *syscall.SysProcAttr) {
	argv = args
	if h.enter != 0 {
		argv = append([]string{"nsenter", "-t", strconv.Itoa(h.enter), "-m", "-u", "-n", "-i", "-p", "-C", "--"}, argv...)
	}
	attributes := &syscall.SysProcAttr{}
	if h.borrow { // our image has no nsenter: take the machine's, with its libraries
		attributes.Chroot = h.root
	}
	return lookPath(attributes.Chroot, argv[0]), argv, attributes
}

// lookPath finds a program below root where machines have them, whatever the agent's own PATH is.
func lookPath(root, program string) string {
	if strings.Contains(program, "/") {
		return program
	}
	for dir := range strings.SplitSeq(commandPath, ":") {
		path := dir + "/" + program
		if info, err := os.Stat(root + path); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return program // os/exec says what is missing
}

// limited passes on what fits and swallows the rest, so that the command does not block.
type limited struct {
	w    io.Writer
	left int
	cut  bool
}

func (l *limited) Write(p []byte) (int, error) {
	part := p
	if len(part) > l.left {
		part, l.cut = part[:l.left], true
	}
	l.left -= len(part)
	if len(part) > 0 {
		if _, err := l.w.Write(part); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// inContainer reports whether the machine's commands have to be run in namespaces other than ours. Where process 1 is
// hidden from us, or is our own container's, there are none to enter.
func inContainer(root string) bool {
	if root != "/" {
		return true
	}
	own, err := os.Readlink("/proc/self/ns/mnt")
	first, firstErr := os.Readlink("/proc/1/ns/mnt")
	return err == nil && firstErr == nil && own != first
}
