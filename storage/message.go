package storage

import "time"

// Message waits to be sent through one channel, or has been.
type Message struct {
	ID          int64
	Channel     string
	Key         string // a channel never takes the same key twice
	Body        string // as the channel sends it
	Attempts    int
	LastError   string
	CreatedAt   time.Time
	NextAttempt time.Time
	ExpiresAt   time.Time // given up afterwards: nobody wants yesterday's news
}

// QueueState counts the messages of one channel.
type QueueState struct {
	Channel   string     `json:"channel"`
	Waiting   int        `json:"waiting"`
	Sent      int        `json:"sent"`   // of those still remembered
	Failed    int        `json:"failed"` // expired, or pushed out of a full queue
	Oldest    *time.Time `json:"oldest"` // of the waiting
	LastError string     `json:"last_error"`
}
