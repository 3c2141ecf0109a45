package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"monitoring/panel/outbound"
)

// beat is the outcome of the last heartbeat.
type beat struct {
	at  time.Time // of the last that arrived
	err string
}

// runHeartbeat asks the heartbeat address at its interval. A third party misses it when the panel, its machine or its
// network is gone, and raises the alarm that we cannot.
func (s *Service) runHeartbeat(ctx context.Context) error {
	for {
		if s.Settings().HeartbeatURL != "" {
			s.beatOnce(ctx)
		}
		timer := time.NewTimer(time.Duration(s.Settings().HeartbeatSeconds) * time.Second)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

func (s *Service) beatOnce(ctx context.Context) {
	err := s.sendBeat(ctx)
	if ctx.Err() != nil {
		return
	}
	next := beat{at: time.Now()}
	if err != nil {
		next = beat{at: s.beat.Load().at, err: err.Error()}
		s.metrics.errors.WithLabelValues(Heartbeat).Inc()
		s.log.Warn("heartbeat was not sent", "reason", err.Error())
	} else {
		s.metrics.sent.WithLabelValues(Heartbeat).Inc()
	}
	s.beat.Store(&next)
}

// sendBeat stays away when the panel lives but does not work: silence is the message.
func (s *Service) sendBeat(ctx context.Context) error {
	if err := s.o.Alive(); err != nil {
		return fmt.Errorf("the panel does not work: %w", err)
	}
	client, err := s.clients.get("")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Settings().HeartbeatURL.Reveal(), nil)
	if err != nil {
		return errors.New("make request: the address is no URL")
	}
	status, _, err := outbound.Do(client, req, maxAnswer)
	if err != nil {
		return fmt.Errorf("reach the heartbeat address: %w", err)
	}
	if status/100 != 2 {
		return fmt.Errorf("the heartbeat address answered %d", status)
	}
	return nil
}
