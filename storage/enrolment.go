package storage

import "time"

// InstallToken lets one agent join once. Only the hash of its code is stored.
type InstallToken struct {
	CodeHash  []byte // SHA-256 of the code in the join URL
	ServerID  int64
	Preset    string // full, readonly or monitor: what the dialog asked for
	ExpiresAt time.Time
	CreatedAt time.Time
}

// AgentCertificate is one certificate that was issued to an agent; its key never reaches the panel's disk.
type AgentCertificate struct {
	Serial    string // hex
	ServerID  int64
	Install   bool // the short-lived first one; refused once a lasting one was presented
	NotAfter  time.Time
	CreatedAt time.Time
	SeenAt    *time.Time // first completed handshake that presented it
	RevokedAt *time.Time
}
