package collector

import (
	"sync"
	"time"
)

// costly is how long an answer that is expensive to get serves everybody who asks.
const costly = 5 * time.Second

// cached remembers the last good answer of a costly question.
type cached[T any] struct {
	mu    sync.Mutex
	value T
	at    time.Time
}

// get returns the remembered answer, or asks anew if it is too old. Who comes meanwhile waits for the same answer.
func (c *cached[T]) get(ask func() (T, error)) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.at.IsZero() && time.Since(c.at) < costly {
		return c.value, nil
	}
	return c.ask(ask)
}

// renew asks in any case. The page does: a scrape wants the state of now, and who asks after it gets the same.
func (c *cached[T]) renew(ask func() (T, error)) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ask(ask)
}

func (c *cached[T]) ask(ask func() (T, error)) (T, error) {
	v, err := ask()
	if err == nil {
		c.value, c.at = v, time.Now()
	}
	return v, err
}
