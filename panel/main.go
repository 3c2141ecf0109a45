// Program panel watches and controls a fleet of servers: it scrapes their agents, keeps the history, and serves the
// web UI and the APIs. run.go is the table of contents; routes.go lists the features' mount points.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"monitoring/panel/config"
)

// version is set by the linker from the file VERSION.
var version = "dev"

// program is what a subcommand gets from the outside world.
type program struct {
	args   []string
	getenv func(string) string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	ready  func(*app, net.Addr) // called once the panel answers; nil outside of tests
}

type command struct {
	name, help string
	run        func(context.Context, program) error
}

// commands are the subcommands; `panel` alone is `panel run`.
var commands = []command{
	{"run", "run the panel", runPanel},
	{"clickhouse", "install FILE|URL: bring the library of the embedded ClickHouse engine", runClickHouse},
	{"admin", "for the locked-out owner: url, password, unban, sessions, export-ca", runAdmin},
	{"tsdb", "probe [-deep] DIR: open one storage of metrics, read all of it with -deep, and close it; for the panel itself", runTSDB},
	{"rules", "check rule files or run their tests, as promtool does: panel rules check FILE..., panel rules test FILE...", runRules},
}

func main() {
	narrow()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, program{args: os.Args[1:], getenv: os.Getenv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr})
	if err != nil {
		fmt.Fprintln(os.Stderr, "panel:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, p program) error {
	name := "run"
	if len(p.args) > 0 {
		name, p.args = p.args[0], p.args[1:]
	}
	switch name {
	case "-h", "-help", "--help", "help":
		usage(p.stdout)
		return nil
	case "-version", "--version", "version":
		fmt.Fprintln(p.stdout, version)
		return nil
	}
	for _, c := range commands {
		if c.name == name {
			return c.run(ctx, p)
		}
	}
	return fmt.Errorf("there is no command %q; panel -help lists them", name)
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "Usage: panel [COMMAND]")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-11s %s\n", c.name, c.help)
	}
	fmt.Fprintln(w)
	config.Help(w)
}
