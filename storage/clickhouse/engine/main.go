// Program engine is ClickHouse in one process for one panel: it loads libchdb and serves ClickHouse's HTTP interface on a
// unix socket, and on a loopback address if asked. The panel starts it as a child, so that a crash of the engine, or an
// out-of-memory kill, costs the panel a restart and not its life. Who may do what is decided here: libchdb knows one
// user only.
//
// Start reading at serve.go. The way of a request: users.go, request.go, lexer.go, handler.go, conn.go, answer.go.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
)

// options are what the command line says. Secrets do not stand there: everybody on the machine can read it.
type options struct {
	dir, socket, library, listen string
	memory                       int64 // bytes that this process may use
}

func main() {
	err := run(os.Args[1:], os.Stdin)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "engine:", err)
		os.Exit(1)
	}
}

// run serves until standard input ends or a signal comes. The first line of standard input is a JSON list of users; the
// rest is the panel's lifeline: it ends when the panel dies, however that happens.
func run(args []string, stdin io.Reader) error {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	sandboxed, err := enterSandbox(o)
	if err != nil {
		return err
	}
	unlock, err := lockDir(o.dir)
	if err != nil {
		return err
	}
	defer unlock()
	in := bufio.NewReader(stdin)
	users, err := readUsers(in)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, in) // any end of the lifeline is the end
		cancel()
	}()
	debug.SetMemoryLimit(o.memory / 8) // of Go's part, which copies what goes in and out
	e, err := openEngine(o)
	if err != nil {
		return err
	}
	return serve(ctx, o, &handler{engine: e, users: users, sandboxed: sandboxed})
}

func parseOptions(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("engine", flag.ContinueOnError)
	flags.StringVar(&o.dir, "dir", "", "directory of the data")
	flags.StringVar(&o.socket, "socket", "", "unix socket to serve on")
	flags.StringVar(&o.library, "library", "", "path of libchdb.so")
	flags.StringVar(&o.listen, "listen", "", "loopback address to serve on as well, as in 127.0.0.1:8123")
	flags.Int64Var(&o.memory, "memory", 0, "bytes that the process may use; 0 derives them from the machine's")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	for _, f := range []struct {
		name string
		path *string
	}{{"dir", &o.dir}, {"socket", &o.socket}, {"library", &o.library}} {
		if *f.path == "" {
			return o, fmt.Errorf("-%s is missing", f.name)
		}
		abs, err := filepath.Abs(*f.path)
		if err != nil {
			return o, fmt.Errorf("-%s: %w", f.name, err)
		}
		*f.path = abs
	}
	if o.memory == 0 {
		var err error
		if o.memory, err = memoryBudget(); err != nil {
			return o, err
		}
	}
	return o, nil
}

// lockDir makes sure that no second process works on the directory. The lock goes with the process.
func lockDir(dir string) (unlock func(), err error) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock directory: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("another process works on %s: %w", dir, errors.Join(err, lock.Close()))
	}
	return func() { _ = lock.Close() }, nil
}

func readUsers(in *bufio.Reader) ([]user, error) {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("read users from standard input: %w", err)
	}
	var users []user
	if err := json.Unmarshal(line, &users); err != nil {
		return nil, fmt.Errorf("read users from standard input: %w", err)
	}
	for _, u := range users {
		if u.Name == "" || u.Password == "" {
			return nil, errors.New("read users from standard input: a user needs a name and a password")
		}
	}
	return users, nil
}
