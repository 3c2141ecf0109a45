package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"monitoring/words"
)

// PathExec is where commands of the operator are run, as the root of the node.
const PathExec = "/v1/exec"

// Limits of commands. What is beyond them is not kept and the answer says so.
const (
	MaxScript     = 65000 // characters of a command
	MaxRunTime    = 600 * time.Second
	DefaultTime   = 30 * time.Second
	MaxExecOutput = 1 << 20 // bytes of each stream
	MaxExecLines  = 50000   // of both
)

// ExecRequest is a command line for a shell. This is the one place where a string becomes a program: that is what a
// terminal is for, and both sides write it into their logs.
type ExecRequest struct {
	Command string `json:"command"`
	Timeout int    `json:"timeout"` // seconds, 1 to 600; 30 if zero
	Shell   string `json:"shell"`   // sh or bash; sh if empty
}

// Check completes the request and says what is wrong with it.
func (r *ExecRequest) Check() error {
	if r.Timeout == 0 {
		r.Timeout = int(DefaultTime / time.Second)
	}
	if r.Shell == "" {
		r.Shell = "sh"
	}
	switch n := utf8.RuneCountInString(r.Command); {
	case strings.TrimSpace(r.Command) == "":
		return FailField(CodeInvalid, "command", "type a command")
	case n > MaxScript:
		return FailField(CodeInvalid, "command", "the command has %d characters; at most %d fit", n, MaxScript)
	case strings.ContainsRune(r.Command, 0):
		return FailField(CodeInvalid, "command", "the command contains a NUL character")
	case r.Timeout < 1 || r.Timeout > int(MaxRunTime/time.Second):
		return FailField(CodeInvalid, "timeout", "give a timeout of 1 to 600 seconds")
	case r.Shell != "sh" && r.Shell != "bash":
		return FailField(CodeInvalid, "shell", "the shell is sh or bash")
	}
	return nil
}

// Limit is how long the command may run.
func (r ExecRequest) Limit() time.Duration { return time.Duration(r.Timeout) * time.Second }

// Events of a running command.
const (
	EventStdout = "stdout" // ExecLine
	EventStderr = "stderr" // ExecLine
	EventDone   = "done"   // ExecDone, the last one
	EventError  = "error"  // ExecError
)

// ExecLine is one line of output, without its line end.
type ExecLine struct {
	Line string `json:"line"`
}

// ExecDone says how the command ended; -1 when it was killed.
type ExecDone struct {
	ExitCode        int   `json:"exit_code"`
	ExecutionTimeMS int64 `json:"execution_time_ms"`
	Success         bool  `json:"success"`
	Truncated       bool  `json:"truncated"` // there was more output than is sent
}

// ExecError says why the command did not end by itself.
type ExecError struct {
	Message string          `json:"message"`
	Words   *words.Sentence `json:"words,omitempty"` // Message for a UI, which translates it
}

// ExecErrorOf returns an ExecError.
func ExecErrorOf(format string, args ...any) ExecError {
	t := words.Say(format, args...)
	return ExecError{t.English, t.Translatable()}
}

// Execution is a command and everything it said.
type Execution struct {
	Success         bool            `json:"success"`
	ExitCode        int             `json:"exit_code"`
	Stdout          string          `json:"stdout"`
	Stderr          string          `json:"stderr"`
	ExecutionTimeMS int64           `json:"execution_time_ms"`
	Error           *string         `json:"error"`
	ErrorWords      *words.Sentence `json:"error_words,omitempty"`
	Truncated       bool            `json:"truncated"`
}

// ExecuteStream runs a command and hands over its events as they come. Cancelling ctx kills it.
func (c *Client) ExecuteStream(ctx context.Context, r ExecRequest, each func(event string, data []byte) error) error {
	return c.stream(ctx, http.MethodPost, PathExec+"/run", r, each)
}

// Execute runs a command to its end. Cancelling ctx kills it.
func (c *Client) Execute(ctx context.Context, r ExecRequest) (Execution, error) {
	var out Execution
	var stdout, stderr strings.Builder
	ended := false
	err := c.ExecuteStream(ctx, r, func(event string, data []byte) error {
		switch event {
		case EventStdout, EventStderr:
			var line ExecLine
			if err := json.Unmarshal(data, &line); err != nil {
				return fmt.Errorf("decode event: %w", err)
			}
			b := &stdout
			if event == EventStderr {
				b = &stderr
			}
			if b.Len()+len(line.Line) <= 2*MaxExecOutput { // an agent may be a stranger's
				b.WriteString(line.Line + "\n")
			}
		case EventError:
			var told ExecError
			if err := json.Unmarshal(data, &told); err != nil {
				return fmt.Errorf("decode event: %w", err)
			}
			out.Error, out.ErrorWords = &told.Message, told.Words
		case EventDone:
			var done ExecDone
			if err := json.Unmarshal(data, &done); err != nil {
				return fmt.Errorf("decode event: %w", err)
			}
			ended = true
			out.ExitCode, out.ExecutionTimeMS, out.Success, out.Truncated = done.ExitCode, done.ExecutionTimeMS, done.Success, done.Truncated
		}
		return nil
	})
	if err == nil && !ended {
		err = fmt.Errorf("run command: the answer ended before the command did")
	}
	out.Stdout, out.Stderr = stdout.String(), stderr.String()
	return out, err
}

// MaxFrame bounds one message of a terminal, in bytes.
const MaxFrame = 64 << 10

// TerminalSize tells the shell how large its window is: the text messages of a terminal towards the node. Binary
// messages are what is typed and what is shown.
type TerminalSize struct {
	Cols int `json:"cols"`
	Rows int `json:"rows"`
}

// TerminalEnd is the text message of a terminal from the node: its shell has ended, or why it had to.
type TerminalEnd struct {
	ExitCode int             `json:"exit_code"`
	Reason   string          `json:"reason,omitempty"`
	Words    *words.Sentence `json:"words,omitempty"` // Reason for a UI, which translates it
}

// EndedBecause is the end of a shell that had to go.
func EndedBecause(format string, args ...any) TerminalEnd {
	t := words.Say(format, args...)
	return TerminalEnd{ExitCode: -1, Reason: t.English, Words: t.Translatable()}
}

// Terminal opens an interactive shell.
func (c *Client) Terminal(ctx context.Context, size TerminalSize) (*websocket.Conn, error) {
	url := fmt.Sprintf("%s%s/terminal?cols=%d&rows=%d", c.base, PathExec, size.Cols, size.Rows)
	conn, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: c.http})
	if err != nil {
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols && resp.Body != nil {
			return nil, refusal(resp)
		}
		return nil, err
	}
	conn.SetReadLimit(MaxFrame)
	return conn, nil
}
