package collector

import (
	"errors"
	"fmt"
	"io"

	"monitoring/agent/host"
)

// source is a file of /proc that stays open: opening costs more than reading.
type source struct {
	host *host.Host
	name string
	file io.ReaderAt
	buf  []byte
}

// read returns the file's content now; it is valid until the next read.
func (s *source) read() ([]byte, error) {
	if s.file == nil {
		f, err := s.host.Open(s.name)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", s.name, err)
		}
		s.file, s.buf = f, make([]byte, 8<<10)
	}
	for {
		n, err := s.file.ReadAt(s.buf, 0)
		switch {
		case errors.Is(err, io.EOF):
			return s.buf[:n], nil
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", s.name, err)
		}
		s.buf = make([]byte, 2*len(s.buf)) // it fits the next time too
	}
}
