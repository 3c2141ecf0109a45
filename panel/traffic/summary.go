package traffic

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

func (s *Service) summary(ctx context.Context, id int64, days int) (SummaryResponse, error) {
	out := SummaryResponse{Days: days}
	var err error
	if out.ByInterface, err = s.interfaces(ctx, id, days); err != nil {
		return out, err
	}
	if out.ByPort, err = s.ports(ctx, id, days); err != nil {
		return out, err
	}
	if out.TrackedPorts, err = s.knownPorts(ctx, id); err != nil {
		return out, err
	}
	out.Total.Days = days
	out.Total.RxBytes, out.Total.TxBytes = sumCounted(out.ByInterface)
	return out, nil
}

func sumCounted(list []InterfaceBytes) (rx, tx int64) {
	for _, x := range list {
		if x.Counted {
			rx, tx = rx+x.RxBytes, tx+x.TxBytes
		}
	}
	return rx, tx
}

// window is the last days up to now: whole hours, and the rest, which has not been summed up in a coarser tier yet and is
// read as it was scraped. Without the second part, what has just begun would be missing for minutes.
func (s *Service) window(days int) []bucket {
	now := s.now()
	rest := now.Add(-10 * time.Minute).Truncate(time.Hour) // the tiers are minutes late
	return []bucket{{start: now.AddDate(0, 0, -days), end: rest}, {start: rest, end: now}}
}

// interfaces lists what each interface carried in the last days, the largest first. The loopback is nobody's traffic.
func (s *Service) interfaces(ctx context.Context, id int64, days int) ([]InterfaceBytes, error) {
	w := s.window(days)
	found, err := s.amounts(ctx, id, byInterface, "", unit{}, w)
	if err != nil {
		return nil, err
	}
	counted, err := s.counted(ctx, id, w[1].end.Sub(w[0].start))
	if err != nil {
		return nil, err
	}
	out := []InterfaceBytes{}
	for name, a := range found {
		if name == "lo" {
			continue
		}
		rx, tx := a.total()
		out = append(out, InterfaceBytes{name, whole(rx), whole(tx), counted[name]})
	}
	slices.SortFunc(out, func(a, b InterfaceBytes) int {
		return cmp.Or(cmp.Compare(b.RxBytes+b.TxBytes, a.RxBytes+a.TxBytes), cmp.Compare(a.Interface, b.Interface))
	})
	return out, nil
}

// ports lists what each port carried in the last days, by number.
func (s *Service) ports(ctx context.Context, id int64, days int) ([]PortBytes, error) {
	found, err := s.amounts(ctx, id, byPort, "", unit{}, s.window(days))
	if err != nil {
		return nil, err
	}
	out := []PortBytes{}
	for name, a := range found {
		port, err := strconv.Atoi(name)
		if err != nil {
			continue // no agent of ours says so
		}
		rx, tx := a.total()
		out = append(out, PortBytes{port, whole(rx), whole(tx)})
	}
	slices.SortFunc(out, func(a, b PortBytes) int { return cmp.Compare(a.Port, b.Port) })
	return out, nil
}

// knownPorts are the ports that a server counts: as its agent said, or, before this panel has asked it, those that it has
// sent counters of within the last hour.
func (s *Service) knownPorts(ctx context.Context, id int64) ([]int, error) {
	s.mu.Lock()
	ports, ok := s.tracked[id]
	s.mu.Unlock()
	if ok {
		return ports, nil
	}
	series, err := s.query(ctx, fmt.Sprintf(`count by (port) (count_over_time(agent_port_bytes_total{server="%d"}[%s]))`, id, seconds(time.Hour)), s.now())
	if err != nil {
		return nil, err
	}
	ports = []int{}
	for _, x := range series {
		if port, err := strconv.Atoi(x.Get("port")); err == nil {
			ports = append(ports, port)
		}
	}
	slices.Sort(ports)
	return ports, nil
}

// whole is a number of bytes; what is not known counts nothing.
func whole(v float64) int64 {
	if math.IsNaN(v) || v < 0 {
		return 0
	}
	return int64(math.Round(v))
}
