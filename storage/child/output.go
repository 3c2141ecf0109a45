package child

import (
	"log/slog"
	"strings"
	"sync"
)

// output hands a program's lines to our log and remembers the last ones for an error.
type output struct {
	name string
	log  *slog.Logger
	mu   sync.Mutex
	last []string
}

func (w *output) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		w.log.Debug("child says", "child", w.name, "line", line)
		w.last = append(w.last, line)
	}
	w.last = w.last[max(0, len(w.last)-5):]
	return len(b), nil
}

func (w *output) tail() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.last, "; ")
}
