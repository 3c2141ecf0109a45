package control

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"monitoring/agent/api"
	"monitoring/agent/host"
)

const maxLine = 16 << 10 // bytes of a line; a longer one is sent in pieces

// Exec runs what the operator types, as root: commands here, interactive shells in terminal.go.
type Exec struct {
	host  *host.Host
	log   *slog.Logger
	shell chan struct{} // places for interactive shells
}

// NewExec returns the subsystem.
func NewExec(o Options) *Exec {
	return &Exec{host: o.Host, log: o.Log, shell: make(chan struct{}, maxShells)}
}

// Name implements Subsystem.
func (x *Exec) Name() string { return "exec" }

// Domain implements Subsystem.
func (x *Exec) Domain() string { return api.DomainExec }

// ExecState says what is going on.
type ExecState struct {
	Shells int `json:"shells"` // interactive ones that are open
}

// Inspect implements Subsystem.
func (x *Exec) Inspect(context.Context) (any, error) { return ExecState{len(x.shell)}, nil }

// Actions implements Subsystem.
func (x *Exec) Actions() []Action {
	return []Action{
		{Method: http.MethodPost, Path: "/run", Timeout: api.MaxRunTime + answerTime, Concurrent: true, MaxBody: 8 * api.MaxScript, Stream: x.run},
		{Method: http.MethodGet, Path: "/terminal", Concurrent: true, Upgrade: x.terminal},
	}
}

// Run implements Subsystem.
func (x *Exec) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// run runs one command. It ends with ctx, and takes with it whatever it has started in its process group.
func (x *Exec) run(ctx context.Context, c Call, send func(event string, v any) error) error {
	req, err := decode[api.ExecRequest](c)
	if err != nil {
		return err
	}
	if err := req.Check(); err != nil {
		return err
	}
	x.log.Info("run command of the panel", "shell", req.Shell, "timeout", req.Limit(), "command", req.Command)
	o := &output{send: send, left: api.MaxExecLines}
	stdout, stderr := &lines{o: o, event: api.EventStdout}, &lines{o: o, event: api.EventStderr}
	r, err := x.host.Run(ctx, host.Command{
		Args: []string{req.Shell, "-c", req.Command}, Stdout: stdout, Stderr: stderr,
		MaxOutput: api.MaxExecOutput, Timeout: req.Limit(),
	})
	if err := errors.Join(stdout.end(), stderr.end()); err != nil {
		return err
	}
	var exit *host.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		r.ExitCode = -1
		if err := send(api.EventError, api.ExecErrorOf("not finished after %d s: killed", req.Timeout)); err != nil {
			return err
		}
	case err != nil && !errors.As(err, &exit):
		return fail(api.CodeFailed, "%s cannot be run: %v", req.Shell, err)
	}
	return send(api.EventDone, api.ExecDone{
		ExitCode: r.ExitCode, ExecutionTimeMS: r.Took.Milliseconds(), Success: r.ExitCode == 0, Truncated: r.Truncated || o.cut(),
	})
}

// output is what both streams of a command share: one sender, and a number of lines that is not exceeded.
type output struct {
	send func(event string, v any) error

	mu   sync.Mutex
	left int
	lost bool
}

func (o *output) line(event string, text []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.left == 0 {
		o.lost = true
		return nil
	}
	o.left--
	return o.send(event, api.ExecLine{Line: strings.ToValidUTF8(string(text), "\uFFFD")})
}

func (o *output) cut() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lost
}

// lines cuts one stream into lines.
type lines struct {
	o     *output
	event string
	rest  []byte // a line whose end has not come
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		n := bytes.IndexByte(l.rest, '\n')
		end := n + 1
		switch {
		case n < 0 && len(l.rest) < maxLine:
			return len(p), nil
		case n < 0 || n > maxLine:
			n, end = maxLine, maxLine
		}
		if err := l.o.line(l.event, bytes.TrimSuffix(l.rest[:n], []byte("\r"))); err != nil {
			return 0, err
		}
		l.rest = l.rest[end:]
	}
}

// end sends a last line that has no end.
func (l *lines) end() error {
	if len(l.rest) == 0 {
		return nil
	}
	return l.o.line(l.event, l.rest)
}
