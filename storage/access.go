package storage

import "time"

// Session is one login of the administrator. Its id stands in the JWT; deleting the row revokes it.
type Session struct {
	ID        string    `json:"id"`
	IP        string    `json:"ip"`
	UserAgent string    `json:"user_agent"`
	CreatedAt time.Time `json:"created_at"`
	LastUsed  time.Time `json:"last_used"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Ban keeps a client address out until a time.
type Ban struct {
	IP        string    `json:"ip"`
	Reason    string    `json:"reason"`
	Failures  int       `json:"failures"`
	CreatedAt time.Time `json:"created_at"`
	Until     time.Time `json:"until"`
}

// Token is an API token; the secret itself is shown once and stored hashed.
type Token struct {
	ID        int64      `json:"id"`
	Name      string     `json:"name"`
	Hash      []byte     `json:"-"` // SHA-256 of the secret
	Scopes    []string   `json:"scopes"`
	CreatedAt time.Time  `json:"created_at"`
	LastUsed  *time.Time `json:"last_used"`
}

// AuditEntry is one state-changing action. The log is append-only.
type AuditEntry struct {
	ID       int64     `json:"id"`
	At       time.Time `json:"at"`
	Actor    string    `json:"actor"` // "admin", "token:<name>", "cli" or "panel"
	IP       string    `json:"ip"`
	Action   string    `json:"action"` // METHOD and route pattern, or a verb such as "login"
	ServerID *int64    `json:"server_id"`
	Target   string    `json:"target"`
	Detail   string    `json:"detail"`
	Status   int       `json:"status"` // HTTP status; 0 for a dropped request
}

// AuditFilter narrows a listing of the audit log; zero fields do not filter. Newest first.
type AuditFilter struct {
	Query    string // part of actor, action, target or detail
	ServerID int64
	From, To time.Time
	Actions  []string // one of these
	Done     bool     // only what succeeded
	BeforeID int64    // page on: entries with a smaller id
	Limit    int
}
