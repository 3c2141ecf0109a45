package storage

import (
	"encoding/json"
	"time"

	"monitoring/words"
)

// States of an Operation.
const (
	OperationQueued    = "queued"    // waits for its server
	OperationDelivered = "delivered" // the server has it
	OperationFailed    = "failed"    // the server answered and refused
	OperationConflict  = "conflict"  // the file has changed on the server meanwhile: somebody has to decide
	OperationCancelled = "cancelled"
	OperationExpired   = "expired"
)

// Operation is a change that a server missed and gets when it is back.
type Operation struct {
	ID           int64           `json:"id"`
	ServerID     int64           `json:"server_id"`
	Kind         string          `json:"kind"`
	Payload      json.RawMessage `json:"-"`     // of the change; it may be long
	Title        string          `json:"title"` // what is to be done, with its parameters
	Base         string          `json:"-"`     // hash of the file that the change was made for; "" when there is none
	State        string          `json:"state"`
	Message      string          `json:"message"`       // why it is in this state
	MessageWords *words.Sentence `json:"message_words"` // Message for the UI
	Foreseen     string          `json:"-"`             // hash of the file as the change was about to leave it, when it was last tried
	CreatedAt    time.Time       `json:"created_at"`
	ExpiresAt    time.Time       `json:"expires_at"`
	DoneAt       *time.Time      `json:"done_at"`
}

// Open reports whether the operation may still be carried out.
func (o Operation) Open() bool { return o.State == OperationQueued || o.State == OperationConflict }
