package traffic

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/storage"
)

// Routes are mounted at /api/proxy/{id}/traffic.
func (s *Service) Routes(r rest.Router) {
	r.Get("/summary", s.getSummary)
	r.Get("/cached", s.getCached)
	r.Get("/hourly", s.getHourly)
	r.Get("/daily", s.getDaily)
	r.Get("/monthly", s.getMonthly)
	r.Get("/ports", s.getPorts)
	r.Get("/interfaces", s.getInterfaces)
	r.Get("/ports/tracked", s.getTracked)
	r.Post("/ports/add", s.addPort)
	r.Post("/ports/remove", s.removePort)
}

// serve answers a question about a server out of the database.
func serve[T any](s *Service, w http.ResponseWriter, r *http.Request, question func(ctx context.Context, id int64) (T, error)) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	if _, err := s.fleet.Server(id); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), queryTimeout)
	defer cancel()
	answer, err := question(ctx, id)
	if err != nil {
		return s.overload(ctx, err)
	}
	return rest.Encode(w, http.StatusOK, answer)
}

func (s *Service) getSummary(w http.ResponseWriter, r *http.Request) error {
	days, err := rest.QueryInt(r, "days", 30, 1, 90)
	if err != nil {
		return err
	}
	return serve(s, w, r, func(ctx context.Context, id int64) (SummaryResponse, error) { return s.summary(ctx, id, days) })
}

func (s *Service) getCached(w http.ResponseWriter, r *http.Request) error {
	return serve(s, w, r, func(ctx context.Context, id int64) (CachedTrafficResponse, error) {
		c, err := s.cached(ctx, id)
		return CachedTrafficResponse{c.summary, c.summary.TrackedPorts, c.at.UTC().Format("2006-01-02T15:04:05.000Z")}, err
	})
}

func (s *Service) getHourly(w http.ResponseWriter, r *http.Request) error {
	n, err := rest.QueryInt(r, "hours", 24, 1, 168)
	if err != nil {
		return err
	}
	return s.series(w, r, hour, n, func(sum Series, buckets []bucket, a *amounts) any {
		out := HourlyResponse{n, sum, make([]HourBytes, n)}
		for i, b := range buckets {
			out.Data[i] = HourBytes{b.label, known(a[0][i]), known(a[1][i])}
		}
		return out
	})
}

func (s *Service) getDaily(w http.ResponseWriter, r *http.Request) error {
	n, err := rest.QueryInt(r, "days", 30, 1, 90)
	if err != nil {
		return err
	}
	return s.series(w, r, day, n, func(sum Series, buckets []bucket, a *amounts) any {
		out := DailyResponse{n, sum, make([]DayBytes, n)}
		for i, b := range buckets {
			out.Data[i] = DayBytes{b.label, known(a[0][i]), known(a[1][i])}
		}
		return out
	})
}

func (s *Service) getMonthly(w http.ResponseWriter, r *http.Request) error {
	n, err := rest.QueryInt(r, "months", 12, 1, 24)
	if err != nil {
		return err
	}
	return s.series(w, r, month, n, func(sum Series, buckets []bucket, a *amounts) any {
		out := MonthlyResponse{n, sum, make([]MonthBytes, n)}
		for i, b := range buckets {
			out.Data[i] = MonthBytes{b.label, known(a[0][i]), known(a[1][i])}
		}
		return out
	})
}

// known is a number of bytes, nil where there is a gap.
func known(v float64) *int64 {
	if math.IsNaN(v) {
		return nil
	}
	n := whole(v)
	return &n
}

// interfaceName is what Linux takes, without what would need care in a query.
var interfaceName = regexp.MustCompile(`\A[A-Za-z0-9_.:@-]{1,15}\z`)

// series answers traffic over time: of an interface, of a port, or of all interfaces that count.
func (s *Service) series(w http.ResponseWriter, r *http.Request, u unit, n int, encode func(Series, []bucket, *amounts) any) error {
	sum := Series{Timezone: "UTC"}
	k, only := byInterface, ""
	if name := r.URL.Query().Get("interface"); name != "" {
		if !interfaceName.MatchString(name) {
			return storage.Invalid("interface", "interface must be the name of a network interface such as eth0")
		}
		sum.Interface, only = &name, name
	}
	if r.URL.Query().Get("port") != "" {
		if sum.Interface != nil {
			return storage.Invalid("port", "give interface or port, not both: ports are counted over all interfaces")
		}
		port, err := rest.QueryInt(r, "port", 0, 1, 65535)
		if err != nil {
			return err
		}
		sum.Port, k, only = &port, byPort, strconv.Itoa(port)
	}
	return serve(s, w, r, func(ctx context.Context, id int64) (any, error) {
		buckets := u.last(s.now(), n)
		found, err := s.amounts(ctx, id, k, only, u, buckets)
		if err != nil {
			return nil, err
		}
		all := newAmounts(n)
		if only != "" {
			if a := found[only]; a != nil {
				all = a
			}
		} else {
			counted, err := s.counted(ctx, id, s.now().Sub(buckets[0].start))
			if err != nil {
				return nil, err
			}
			for name, a := range found {
				if counted[name] {
					all.add(a)
				}
			}
		}
		rx, tx := all.total()
		sum.TotalRx, sum.TotalTx = whole(rx), whole(tx)
		return encode(sum, buckets, all), nil
	})
}

func (s *Service) getPorts(w http.ResponseWriter, r *http.Request) error {
	days, err := rest.QueryInt(r, "days", 30, 1, 90)
	if err != nil {
		return err
	}
	return serve(s, w, r, func(ctx context.Context, id int64) (out PortsResponse, err error) {
		out.Days = days
		if out.Data, err = s.ports(ctx, id, days); err != nil {
			return out, err
		}
		for _, p := range out.Data {
			out.TotalRx, out.TotalTx = out.TotalRx+p.RxBytes, out.TotalTx+p.TxBytes
		}
		out.TrackedPorts, err = s.knownPorts(ctx, id)
		return out, err
	})
}

func (s *Service) getInterfaces(w http.ResponseWriter, r *http.Request) error {
	days, err := rest.QueryInt(r, "days", 30, 1, 90)
	if err != nil {
		return err
	}
	return serve(s, w, r, func(ctx context.Context, id int64) (out InterfacesResponse, err error) {
		out.Days = days
		out.Data, err = s.interfaces(ctx, id, days)
		out.TotalRx, out.TotalTx = sumCounted(out.Data)
		return out, err
	})
}

var (
	toLook   = fleet.Need{Capability: "traffic", Domain: api.DomainTraffic}
	toChange = fleet.Need{Capability: "traffic", Domain: api.DomainTraffic, Write: true}
)

// getTracked asks the agent.
func (s *Service) getTracked(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	tracked, err := fleet.Ask(r.Context(), s.fleet, id, toLook, agentTimeout, func(ctx context.Context, c *api.Client) (api.TrackedPorts, error) { return c.TrackedPorts(ctx) })
	if err != nil {
		return err
	}
	s.remember(id, tracked.TrackedPorts)
	return rest.Encode(w, http.StatusOK, tracked)
}

// TrackPortRequest names the port to count, or to count no longer.
type TrackPortRequest struct {
	Port int `json:"port"`
}

// Validate implements rest.Validator.
func (q TrackPortRequest) Validate() error {
	if q.Port < 1 || q.Port > 65535 {
		return storage.Invalid("port", "port must be a whole number from 1 to 65535")
	}
	return nil
}

func (s *Service) addPort(w http.ResponseWriter, r *http.Request) error {
	return s.changePort(w, r, "track", s.Track)
}

func (s *Service) removePort(w http.ResponseWriter, r *http.Request) error {
	return s.changePort(w, r, "untrack", s.Untrack)
}

func (s *Service) changePort(w http.ResponseWriter, r *http.Request, verb string, do func(ctx context.Context, id int64, port int) error) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	q, err := rest.Decode[TrackPortRequest](r)
	if err != nil {
		return err
	}
	rest.Note(r.Context(), "traffic", fmt.Sprintf("%s port %d", verb, q.Port))
	rest.AllowTime(w, agentTimeout+time.Minute)
	if err := do(r.Context(), id, q.Port); err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, rest.Success{Success: true, Message: fmt.Sprintf("port %d: %sed", q.Port, verb)})
}

// Track makes a server count a port.
func (s *Service) Track(ctx context.Context, id int64, port int) error {
	return s.setPort(ctx, id, func(ctx context.Context, c *api.Client) (api.TrackedPorts, error) { return c.TrackPort(ctx, port) })
}

// Untrack makes a server count a port no longer; its history stays.
func (s *Service) Untrack(ctx context.Context, id int64, port int) error {
	return s.setPort(ctx, id, func(ctx context.Context, c *api.Client) (api.TrackedPorts, error) { return c.UntrackPort(ctx, port) })
}

func (s *Service) setPort(ctx context.Context, id int64, change func(context.Context, *api.Client) (api.TrackedPorts, error)) error {
	tracked, err := fleet.Ask(ctx, s.fleet, id, toChange, agentTimeout, change)
	if err != nil {
		return err
	}
	s.remember(id, tracked.TrackedPorts)
	return nil
}
