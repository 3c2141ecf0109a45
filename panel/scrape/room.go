package scrape

import "sync"

// What a server sends is kept in memory until it sends the next: its two pages as remembered lines, its document as
// bytes. An ordinary page or document has 60 to 80 kB. Each of the three may always take ownRoom; what is larger comes
// out of sharedRoom, so that some servers with very many ports or disks fit, and a fleet of strangers does not take all.
const (
	ownRoom    = 256 << 10
	sharedRoom = 128 << 20
)

const errNoRoom = pageError("the metrics page is too large: what large pages of all servers may take of the panel's memory is in use")

// room is what is left of sharedRoom.
type room struct {
	mu   sync.Mutex
	left int
}

// share is what one page or document takes of a room beyond ownRoom.
type share struct {
	room  *room
	taken int
	kept  int // bytes of the answer that is kept
}

// grow makes space for an answer that is being read; size includes what has been read.
func (s *share) grow(size int) error {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	return s.set(max(s.taken, size-ownRoom))
}

// keep says that an answer of size bytes takes the place of the last one.
func (s *share) keep(size int) error {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	if err := s.set(max(0, size-ownRoom)); err != nil {
		return err
	}
	s.kept = size
	return nil
}

// settle gives back what was taken for an answer that is not kept.
func (s *share) settle() {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	_ = s.set(max(0, s.kept-ownRoom)) // grow has never made it smaller
}

// free gives everything back: the server is gone.
func (s *share) free() { _ = s.keep(0) }

// set needs room.mu.
func (s *share) set(taken int) error {
	more := taken - s.taken
	if more > s.room.left {
		return errNoRoom
	}
	s.room.left -= more
	s.taken = taken
	return nil
}
