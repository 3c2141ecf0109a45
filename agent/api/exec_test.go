package api

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A command's events become one answer, whatever order the two streams come in.
func TestExecute(t *testing.T) {
	t.Parallel()
	f := func(events string, want Execution, wantErr string) {
		t.Helper()
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, events)
		}))
		defer srv.Close()
		got, err := NewClient(srv.URL, http.DefaultClient).Execute(t.Context(), ExecRequest{Command: "x"})
		if wantErr == "" && err != nil || wantErr != "" && (err == nil || !strings.Contains(err.Error(), wantErr)) {
			t.Fatalf("error %v, want %q", err, wantErr)
		}
		if (got.Error == nil) != (want.Error == nil) || got.Error != nil && *got.Error != *want.Error {
			t.Errorf("error field %v, want %v", got.Error, want.Error)
		}
		got.Error, want.Error = nil, nil
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	line := func(event, text string) string { return "event: " + event + "\ndata: {\"line\":\"" + text + "\"}\n\n" }
	done := "event: done\ndata: {\"exit_code\":0,\"execution_time_ms\":12,\"success\":true,\"truncated\":true}\n\n"
	f(line("stdout", "a")+line("stderr", "b")+line("stdout", "c")+done, Execution{Success: true, Stdout: "a\nc\n", Stderr: "b\n", ExecutionTimeMS: 12, Truncated: true}, "")
	killed := "not finished"
	f("event: error\ndata: {\"message\":\"not finished\"}\n\nevent: done\ndata: {\"exit_code\":-1}\n\n", Execution{ExitCode: -1, Error: &killed}, "")
	f(line("stdout", "a"), Execution{Stdout: "a\n"}, "ended before the command did")
	f("event: stdout\ndata: nonsense\n\n", Execution{}, "decode event")
	f("event: unheard-of\ndata: 7\n\n"+done, Execution{Success: true, ExecutionTimeMS: 12, Truncated: true}, "")
}

// An agent that never stops talking does not fill the panel's memory.
func TestExecuteIsBounded(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		long := "event: stdout\ndata: {\"line\":\"" + strings.Repeat("x", 100_000) + "\"}\n\n"
		for range 100 {
			_, _ = io.WriteString(w, long)
		}
	}))
	defer srv.Close()
	got, err := NewClient(srv.URL, http.DefaultClient).Execute(t.Context(), ExecRequest{Command: "x"})
	if err == nil || len(got.Stdout) > 2*MaxExecOutput+1 {
		t.Errorf("%d bytes, %v", len(got.Stdout), err)
	}
}

func TestExecRequestCompletesItself(t *testing.T) {
	t.Parallel()
	r := ExecRequest{Command: "ls"}
	if err := r.Check(); err != nil || r.Shell != "sh" || r.Limit() != DefaultTime {
		t.Errorf("%+v, %v", r, err)
	}
	var refused *Failure
	if err := (&ExecRequest{Command: "ls", Timeout: 601}).Check(); !errors.As(err, &refused) || refused.Field != "timeout" {
		t.Errorf("%v", err)
	}
}
