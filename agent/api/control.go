package api

import (
	"net/http"

	"monitoring/words"
)

// Domains of AGENT_ALLOW: what the node's owner opens or closes for the panel, each for reading or for changes too.
const (
	DomainMetrics   = "metrics" // always open, for reading
	DomainTraffic   = "traffic"
	DomainHAProxy   = "haproxy"
	DomainCerts     = "certs"
	DomainFirewall  = "firewall"
	DomainIPSet     = "ipset"
	DomainExec      = "exec"
	DomainPower     = "power"
	DomainSystem    = "system"
	DomainRemnawave = "remnawave"
)

// Access to a domain, as Version.Allow has it.
const (
	ReadOnly  = "ro"
	ReadWrite = "rw"
)

// Codes of a Failure. They are stable; the UI translates them.
const (
	CodeInvalid      = "invalid"           // the request makes no sense; Field says where
	CodeNotFound     = "not_found"         //
	CodeConflict     = "conflict"          // it clashes with what is there
	CodeRefused      = "refused"           // the subsystem's own checker said no, or the change failed: everything is as before
	CodeNotInstalled = "not_installed"     // the machine lacks the subsystem
	CodeBusy         = "busy"              // other changes are being made
	CodeRestricted   = "restricted"        // the owner of the node does not allow it
	CodeChanged      = "changed_meanwhile" // the thing is no longer what the request was made for
	CodeFailed       = "failed"            // anything else
)

var statusOf = map[string]int{
	CodeInvalid: http.StatusBadRequest, CodeNotFound: http.StatusNotFound, CodeConflict: http.StatusConflict,
	CodeRefused: http.StatusUnprocessableEntity, CodeNotInstalled: http.StatusConflict, CodeChanged: http.StatusConflict,
	CodeBusy: http.StatusServiceUnavailable, CodeRestricted: http.StatusForbidden,
}

// Failure is the body of an answer that is no success.
type Failure struct {
	Detail string          `json:"detail"`
	Code   string          `json:"code,omitempty"`
	Field  string          `json:"field,omitempty"` // of the request
	Log    string          `json:"log,omitempty"`   // what the program on the node said
	Words  *words.Sentence `json:"words,omitempty"` // Detail for a UI, which translates it
}

// WithLog adds what the program said.
func (f *Failure) WithLog(log string) *Failure {
	f.Log = log
	return f
}

// Fail returns a *Failure.
func Fail(code, format string, args ...any) *Failure { return FailField(code, "", format, args...) }

// FailField returns a *Failure that names the field it is about.
func FailField(code, field, format string, args ...any) *Failure {
	t := words.Say(format, args...)
	return &Failure{Code: code, Field: field, Detail: t.English, Words: t.Translatable()}
}

// InvalidField returns a *Failure about a field whose name begins the sentence.
func InvalidField(field, format string, args ...any) *Failure {
	return FailField(CodeInvalid, field, "%s "+format, append([]any{field}, args...)...)
}

func (f *Failure) Error() string { return f.Detail }

// Status is the HTTP status that goes with the code.
func (f *Failure) Status() int {
	if status, ok := statusOf[f.Code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// Changed answers a change that was made.
type Changed struct {
	Success bool            `json:"success"`
	Message string          `json:"message"`
	Code    string          `json:"code,omitempty"`  // of a success that needs a word, such as SavedNotRunning
	Words   *words.Sentence `json:"words,omitempty"` // Message for a UI, which translates it
}

// Say sets the message.
func (c *Changed) Say(format string, args ...any) {
	t := words.Say(format, args...)
	c.Message, c.Words = t.English, t.Translatable()
}

// SavedNotRunning is the code of a change of a service that is stopped: it takes effect when that starts.
const SavedNotRunning = "saved_not_running"
