package bulk

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"
)

// BenchmarkBulk runs one change on 500 agents that answer in 100 ms, 20 at a time, alone and beside five that hang: the
// time until the last of those that work is done.
func BenchmarkBulk(b *testing.B) {
	for _, hung := range []int{0, 5} {
		b.Run(fmt.Sprintf("hung=%d", hung), func(b *testing.B) {
			f := newNodes(500)
			for id := range hung {
				f.hang[int64(id+1)] = true
			}
			s, err := New(b.Context(), Options{Fleet: f, Store: &memory{}, Changed: f.tell, Parallel: func() int { return 20 }, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan error, 1)
			go func() { ended <- s.Run(ctx) }()
			var worked time.Duration
			for b.Loop() {
				began := time.Now()
				j, err := s.start(b.Context(), poke{}, f.ids(), "")
				if err != nil {
					b.Fatal(err)
				}
				for n, over := 0, false; !over; {
					news, seen, ended, next := j.since(n)
					n, over = seen, ended
					for _, r := range news {
						if r.State == Succeeded {
							worked = time.Since(began)
						}
					}
					if !over {
						<-next
					}
				}
			}
			b.ReportMetric(worked.Seconds(), "s-until-all-that-work")
			cancel()
			if err := <-ended; err != nil {
				b.Fatal(err)
			}
		})
	}
}
