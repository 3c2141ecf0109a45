package bulk

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"monitoring/panel/change"
	"monitoring/words"
)

// States of one server in a job.
const (
	Waiting   = "waiting"
	Running   = "running"
	Succeeded = "done"
	Failed    = "failed"
	Skipped   = "skipped"   // it could not be asked at all: Message says why
	Cancelled = "cancelled" // its turn had not come
	Lost      = "lost"      // the panel was restarted before it knew the outcome
)

// Codes of results that no agent gives.
const (
	codeCancelled = "cancelled"
	codeOffline   = "offline"
	codeQueued    = "queued" // was offline, gets the change when it is back
)

// Result is what became of one server. A command adds its output.
type Result struct {
	ServerID        int64           `json:"server_id"`
	ServerName      string          `json:"server_name"`
	Success         bool            `json:"success"`
	Message         string          `json:"message"`
	Words           *words.Sentence `json:"message_words,omitempty"` // Message for the UI
	State           string          `json:"state"`
	Code            string          `json:"code,omitempty"` // of a failure; stable
	Stdout          *string         `json:"stdout,omitempty"`
	Stderr          *string         `json:"stderr,omitempty"`
	ExitCode        *int            `json:"exit_code,omitempty"`
	ExecutionTimeMS *int64          `json:"execution_time_ms,omitempty"`
}

func (r *Result) printed() (n int) {
	for _, out := range []*string{r.Stdout, r.Stderr} {
		if out != nil {
			n += len(*out)
		}
	}
	return n
}

const shortOutput = 1 << 10 // bytes of each stream that fit in any case

// shorten keeps the beginning of what a command printed.
func (r *Result) shorten() {
	for _, out := range []**string{&r.Stdout, &r.Stderr} {
		if *out != nil && len(**out) > shortOutput {
			short := strings.Clone(strings.ToValidUTF8((**out)[:shortOutput], "")) + "…"
			*out = &short
		}
	}
}

// say is a result that has a message.
func say(state, code string, t words.Sentence) Result {
	return Result{State: state, Code: code, Message: t.English, Words: t.Translatable()}
}

// undone reports whether the server may be asked again: it has not done the change, as far as is known.
func (r Result) undone() bool {
	switch r.State {
	case Failed, Cancelled, Lost:
		return true
	}
	return r.State == Skipped && r.Code != codeQueued
}

// Job is a job as clients see it.
type Job struct {
	ID         string         `json:"id"`
	Kind       string         `json:"kind"`
	Title      string         `json:"title"`       // what is done, with its parameters
	TitleWords words.Sentence `json:"title_words"` // Title for the UI
	Later      bool           `json:"later"`       // the change makes sense when a server is back
	StartedAt  time.Time      `json:"started_at"`
	EndedAt    *time.Time     `json:"ended_at"`
	Cancelled  bool           `json:"cancelled"`
	Restored   bool           `json:"restored"` // from before the panel's last start: what commands printed is gone
	Again      string         `json:"again"`    // the job that does the rest of this one, "" if there is none
	Counts     Counts         `json:"counts"`
}

// Counts says how far a job is.
type Counts struct {
	Total   int `json:"total"`
	Done    int `json:"done"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"` // with the cancelled ones
	Lost    int `json:"lost"`
}

// job is a change on its way over many servers.
type job struct {
	id       string
	change   change.Change
	started  time.Time
	ctx      context.Context // of the whole job
	stop     context.CancelFunc
	restored bool
	queueing sync.Mutex // held while what it left is queued

	mu      sync.Mutex
	again   string // the job that does the rest
	results []Result
	printed int   // bytes of output in results
	order   []int // indexes of results, one for each change of state, in the order they happened
	end     time.Time
	changed chan struct{} // closed and replaced when anything above changes
}

func newJob(id string, c change.Change, started time.Time) *job {
	j := &job{id: id, change: c, started: started, changed: make(chan struct{})}
	j.ctx, j.stop = context.WithCancel(context.Background())
	return j
}

// set notes a new state of one server.
func (j *job) set(i int, r Result) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.ServerID, r.ServerName = j.results[i].ServerID, j.results[i].ServerName
	r.Success = r.State == Succeeded
	if j.printed+r.printed() > maxPrinted {
		r.shorten()
	}
	j.printed += r.printed() - j.results[i].printed()
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

func (j *job) bytesPrinted() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.printed
}

// forgetPrinted drops what commands printed, as a restart of the panel does, and returns how many bytes that was.
func (j *job) forgetPrinted() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := j.printed
	for i := range j.results {
		j.results[i].Stdout, j.results[i].Stderr = nil, nil
	}
	j.printed = 0
	return n
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
	title := j.change.Title()
	v := Job{ID: j.id, Kind: j.change.Kind(), Title: title.English, TitleWords: title, Later: change.Queueable(j.change), StartedAt: j.started,
		Restored: j.restored, Again: j.again, Counts: Counts{Total: len(j.results)}}
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
		case Lost:
			v.Counts.Lost++
		}
	}
	return v
}
