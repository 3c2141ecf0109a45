// Package api says what panel and agent tell each other, and holds the client that speaks it.
//
// The panel dials; the agent answers over mutual TLS 1.3. Plain structs with JSON tags, one file per
// subsystem. Fields are added, never renamed; receivers ignore fields that they do not know. The agent lists its
// capabilities, so the panel asks "can it" and never "which version is it".
package api
