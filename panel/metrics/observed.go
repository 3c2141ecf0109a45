package metrics

import (
	"context"
	"math"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"monitoring/dashboards"
	"monitoring/storage"
	"monitoring/words"
)

const (
	// eventPoints is how finely a span is looked at: these are a few series only, so there may be more points than a plot has.
	eventPoints = 5000
	// stepsBefore the span are looked at, too: what began there may be too short within it to be told.
	stepsBefore = 10
	// settling is how long after a boot, or after a change of HAProxy, a new process still belongs to it.
	settling = 5 * time.Minute
)

// What is asked, with the placeholders of package dashboards. A server that changed its address has two label sets, hence
// the aggregations. process_* is not rolled up: starts of the agent are known as long as samples are kept as scraped.
const (
	answeredShare   = `max(avg_over_time(up{job="node",$server}[$step]))`
	bootsSeen       = `max by (boot_id) (present_over_time(agent_boot_info{$server}[$step]))`
	bootTime        = `max(max_over_time(node_boot_time_seconds{job="node",$server}[$step]))`
	agentStart      = `max(max_over_time(process_start_time_seconds{job="node",$server}[$step]))`
	versionsSeen    = `max by (version) (present_over_time(agent_build_info{$server}[$step]))`
	youngestHAProxy = `min(min_over_time(haproxy_process_uptime_seconds{$server}[$step]))`
)

// observed is what the samples of a server tell of a span.
type observed struct {
	span
	step     time.Duration
	interval time.Duration // of the scrapes

	answered                            []share
	boots, versions                     []storage.Series // one for each boot id, for each version of the agent
	bootTime, agentStart, haproxyUptime []storage.Point
}

// observe asks for it.
func (s *Service) observe(ctx context.Context, server int64, sp span) (observed, error) {
	fine := sp
	fine.period = period{length: sp.length} // the period's own points are a plot's
	o := observed{span: sp, interval: s.interval()}
	o.step = fine.stepFor(eventPoints, o.interval, s.leastStep(sp))
	win := cut(sp.from.Add(-stepsBefore*o.step), sp.to.Add(o.step-time.Millisecond), o.step) // with the step that has only begun
	g, gctx := errgroup.WithContext(ctx)
	ask := func(expr string, use func([]storage.Series)) {
		g.Go(func() error {
			series, err := s.queryRange(gctx, dashboards.Expand(expr, server, o.step), win)
			if err == nil {
				use(series)
			}
			return err
		})
	}
	ask(answeredShare, func(series []storage.Series) {
		for _, p := range only(series) {
			o.answered = append(o.answered, share{p.Time, p.Value})
		}
	})
	ask(bootsSeen, func(series []storage.Series) { o.boots = series })
	ask(versionsSeen, func(series []storage.Series) { o.versions = series })
	ask(bootTime, func(series []storage.Series) { o.bootTime = only(series) })
	ask(agentStart, func(series []storage.Series) { o.agentStart = only(series) })
	ask(youngestHAProxy, func(series []storage.Series) { o.haproxyUptime = only(series) })
	return o, g.Wait()
}

// only returns the points of an answer that has one series or none.
func only(series []storage.Series) []storage.Point {
	if len(series) == 0 {
		return nil
	}
	return series[0].Points
}

// events tells what was observed; changes are those that were made meanwhile and explain some of it.
func (o observed) events(changes []ServerEvent) []ServerEvent {
	events := o.silent()
	boots := o.reboots()
	for _, at := range boots {
		events = append(events, ServerEvent{Kind: eventReboot, Time: at, Title: words.Say("reboot")})
	}
	events = append(events, o.agents(boots)...)
	causes := boots
	for _, c := range changes {
		if c.restartsHAProxy {
			causes = append(causes, c.Time)
		}
	}
	for _, at := range o.haproxyStarts() {
		if !belongs(at, causes, o.step) {
			events = append(events, ServerEvent{Kind: eventHAProxy, Time: at, Title: words.Say("new HAProxy process")})
		}
	}
	return events
}

// within reports whether a time lies in the span.
func (o observed) within(ms int64) bool { return ms > o.from.UnixMilli() && ms <= o.to.UnixMilli() }

// belongs reports whether something follows from one of its causes. Its time is known to a step.
func belongs(ms int64, causes []int64, step time.Duration) bool {
	return slices.ContainsFunc(causes, func(cause int64) bool {
		return ms >= cause-step.Milliseconds() && ms <= cause+(step+settling).Milliseconds()
	})
}

// silent are the times without answers. Two scrapes are a gap in a chart, so they are one here; in wide steps a lost
// scrape now and then must not add up to one.
func (o observed) silent() []ServerEvent {
	events := []ServerEvent{}
	from, to := o.from.UnixMilli(), o.to.UnixMilli()
	for _, i := range silences(o.answered, to, o.step, max(o.interval*3/2, o.step/20), max(time.Minute, o.interval*5/2)) {
		if i.to <= from || i.from >= to {
			continue
		}
		e := ServerEvent{Kind: eventSilence, Time: max(i.from, from), Title: words.Say("agent unreachable")}
		if end := min(i.to, to); !i.open {
			e.End = &end
		}
		events = append(events, e)
	}
	return events
}

// reboots are the times at which the machine started. The boot id says that it did, for the boot time moves when the clock
// is set; the boot time says when.
func (o observed) reboots() []int64 {
	var out []int64
	for _, seen := range appearances(o.boots, "boot_id") {
		i := slices.IndexFunc(o.bootTime, func(p storage.Point) bool { return p.Time >= seen.ms })
		if i < 0 {
			continue
		}
		at := int64(o.bootTime[i].Value * 1000)
		if o.within(at) && !slices.Contains(out, at) { // several in one step are one
			out = append(out, at)
		}
	}
	return out
}

// agents are new processes of the agent: an update when the version is another one, nothing after a boot.
func (o observed) agents(boots []int64) []ServerEvent {
	var events []ServerEvent
	restarted := words.Say("agent restarted")
	for i, p := range o.agentStart {
		at := int64(p.Value * 1000)
		if (i == 0 || p.Value != o.agentStart[i-1].Value) && o.within(at) && !belongs(at, boots, 0) {
			events = append(events, ServerEvent{Kind: eventAgent, Time: at, Title: restarted})
		}
	}
	versions := appearances(o.versions, "version")
	for _, v := range versions[min(1, len(versions)):] {
		e := ServerEvent{Kind: eventAgent, Time: min(v.ms, o.to.UnixMilli()), Title: words.Say("agent updated to %s", v.value)}
		// The version comes with another page than the start, up to ten minutes later.
		i := len(events) - 1
		for i >= 0 && events[i].Time > v.ms {
			i--
		}
		if i >= 0 && events[i].Title.Code == restarted.Code && v.ms-events[i].Time <= (o.step+10*time.Minute).Milliseconds() {
			events[i].Title = e.Title
		} else if o.within(e.Time) {
			events = append(events, e)
		}
	}
	return events
}

// haproxyStarts are the times at which the process that handles connections started, known to a step: a reload makes a new
// one, too. The youngest age in a step, taken from its end, gives the start or up to a step more.
func (o observed) haproxyStarts() []int64 {
	var out []int64
	known := int64(math.MinInt64)
	slack := (o.step + 5*time.Second).Milliseconds()
	for _, p := range o.haproxyUptime {
		start := p.Time - int64(p.Value*1000)
		if start <= known+slack && known != math.MinInt64 {
			continue
		}
		known = start
		if o.within(start - o.step.Milliseconds()) {
			out = append(out, min(start, o.to.UnixMilli()))
		}
	}
	return out
}

// appearance is when a value of a label was first seen after another one.
type appearance struct {
	ms    int64
	value string
}

// appearances lists the values of a label in the order in which they came, each time they came anew.
func appearances(series []storage.Series, label string) []appearance {
	at := map[int64][]string{}
	for _, one := range series {
		for _, p := range one.Points {
			at[p.Time] = append(at[p.Time], one.Get(label))
		}
	}
	times := make([]int64, 0, len(at))
	for ms := range at {
		times = append(times, ms)
	}
	slices.Sort(times)
	var out []appearance
	var before []string
	for _, ms := range times {
		slices.Sort(at[ms])
		for _, value := range at[ms] {
			if !slices.Contains(before, value) {
				out = append(out, appearance{ms, value})
			}
		}
		before = at[ms]
	}
	return out
}
