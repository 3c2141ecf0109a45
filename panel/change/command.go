package change

import (
	"context"
	"strings"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/words"
)

// KindCommand is a command of the operator's.
const KindCommand = "command"

const (
	titleOf   = 200      // characters of a command in its title
	keptBytes = 64 << 10 // of each stream: there may be hundreds of servers
)

// Command runs a command line.
type Command struct{ api.ExecRequest }

// Kind implements Change, and so do the methods below it.
func (c Command) Kind() string { return KindCommand }

func (c Command) Need() fleet.Need {
	return fleet.Need{Capability: "exec", Domain: api.DomainExec, Write: true}
}

func (c Command) Timeout() time.Duration {
	_ = c.Check() // fills in what is not given
	return c.Limit()
}

func (c Command) Validate() error { return fieldError(c.Check()) }

func (c Command) Title() words.Sentence {
	line := c.Command
	if r := []rune(line); len(r) > titleOf {
		line = string(r[:titleOf]) + "…"
	}
	return words.Say("command: %s", line)
}

func (c Command) Apply(ctx context.Context, t Target) (Outcome, error) {
	run, err := t.Client.Execute(ctx, c.ExecRequest)
	if err != nil {
		return Outcome{}, err
	}
	run.Stdout, run.Truncated = cut(run.Stdout, run.Truncated)
	run.Stderr, run.Truncated = cut(run.Stderr, run.Truncated)
	out := Outcome{Message: words.Say("exit code %d", run.ExitCode), Command: &run}
	if run.Error != nil {
		out.Message = words.From(*run.Error, run.ErrorWords)
	}
	return out, nil
}

func cut(text string, was bool) (string, bool) {
	if len(text) <= keptBytes {
		return text, was
	}
	return strings.Clone(strings.ToValidUTF8(text[:keptBytes], "")), true // without the rest, which it would hold in memory
}
