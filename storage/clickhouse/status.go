package clickhouse

// Status is what the panel's health page shows.
type Status struct {
	Embedded    bool
	Up          bool
	Reason      string // why it is not up
	Installed   bool   // false when the embedded engine was looked for and is not there
	Running     bool   // whether the embedded engine's program runs
	Restarts    int64  // of the embedded engine
	WaitingRows int64  // in the queue
	DroppedRows int64  // refused because the queue was full, or rejected by the engine, since the start
}

// Status reports the state now, without asking the engine.
func (s *Store) Status() Status {
	s.mu.Lock()
	st := Status{Embedded: s.embedded != nil, Installed: !s.missing.Load(), Up: s.conn != nil, Reason: s.reason}
	s.mu.Unlock()
	if s.embedded != nil {
		st.Restarts = s.embedded.restarts.Load()
		p := s.embedded.current()
		st.Running = p != nil && p.Running()
	}
	st.WaitingRows, st.DroppedRows = s.queue.waiting(), s.queue.dropped.Load()
	return st
}
