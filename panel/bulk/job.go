package bulk

import (
	"context"
	"slices"
	"sync"
	"time"

	"monitoring/panel/change"
)

// States of one server in a job.
const (
	Waiting   = "waiting"
	Running   = "running"
	Succeeded = "done"
	Failed    = "failed"
	Skipped   = "skipped"   // it could not be asked at all: Message says why
	Cancelled = "cancelled" // its turn had not come
)

// codeCancelled is the Code of servers that a cancel has reached.
const codeCancelled = "cancelled"

// Result is what became of one server. A command adds its output.
type Result struct {
	ServerID        int64   `json:"server_id"`
	ServerName      string  `json:"server_name"`
	Success         bool    `json:"success"`
	Message         string  `json:"message"`
	State           string  `json:"state"`
	Code            string  `json:"code,omitempty"` // of a failure; stable
	Stdout          *string `json:"stdout,omitempty"`
	Stderr          *string `json:"stderr,omitempty"`
	ExitCode        *int    `json:"exit_code,omitempty"`
	ExecutionTimeMS *int64  `json:"execution_time_ms,omitempty"`
}

// Job is a job as clients see it.
type Job struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	Title     string     `json:"title"` // what is done, with its parameters
	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at"`
	Cancelled bool       `json:"cancelled"`
	Counts    Counts     `json:"counts"`
}

// Counts says how far a job is.
type Counts struct {
	Total   int `json:"total"`
	Done    int `json:"done"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"` // with the cancelled ones
}

// job is a change on its way over many servers.
type job struct {
	id      string
	change  change.Change
	started time.Time
	ctx     context.Context // of the whole job
	stop    context.CancelFunc

	mu      sync.Mutex
	results []Result
	order   []int // indexes of results, one for each change of state, in the order they happened
	end     time.Time
	changed chan struct{} // closed and replaced when anything above changes
}

// set notes a new state of one server.
func (j *job) set(i int, r Result) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.ServerID, r.ServerName = j.results[i].ServerID, j.results[i].ServerName
	r.Success = r.State == Succeeded
	j.results[i] = r
	j.order = append(j.order, i)
	j.tell()
}

// tell needs j.mu.
func (j *job) tell() {
	close(j.changed)
	j.changed = make(chan struct{})
}

func (j *job) finish(now time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.end = now
	j.tell()
}

func (j *job) serverID(i int) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.results[i].ServerID
}

func (j *job) ended() bool { return !j.endedAt().IsZero() }

func (j *job) endedAt() time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.end
}

// since returns the results that changed after the first n changes, how many changes there have been, whether the job has
// ended, and a channel that is closed at the next change.
func (j *job) since(n int) (news []Result, seen int, ended bool, next <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	told := map[int]bool{}
	news = []Result{} // the last event often has none: a list all the same, and not null
	for _, i := range j.order[min(n, len(j.order)):] {
		if !told[i] {
			told[i] = true
			news = append(news, j.results[i])
		}
	}
	return news, len(j.order), !j.end.IsZero(), j.changed
}

// snapshot returns all results in the order of the request.
func (j *job) snapshot() []Result {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.results)
}

func (j *job) view() Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	v := Job{ID: j.id, Kind: j.change.Kind(), Title: j.change.Title(), StartedAt: j.started, Counts: Counts{Total: len(j.results)}}
	if !j.end.IsZero() {
		v.EndedAt = &j.end
	}
	for _, r := range j.results {
		v.Cancelled = v.Cancelled || r.Code == codeCancelled
		switch r.State {
		case Succeeded:
			v.Counts.Done++
		case Failed:
			v.Counts.Failed++
		case Skipped, Cancelled:
			v.Counts.Skipped++
		}
	}
	return v
}
