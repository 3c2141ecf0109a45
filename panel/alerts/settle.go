package alerts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"

	"monitoring/panel/notify"
	"monitoring/storage"
	"monitoring/storage/postgres"
)

// evaluate is what rules.Manager calls for each group at its interval.
func (s *Service) evaluate(ctx context.Context, g *rules.Group, at time.Time) {
	var c *check
	if g.File() == settingsFile {
		var err error
		if c, err = s.check(ctx, at); err != nil {
			s.failed(ctx, "check", err) // without it the rules would see old numbers
			return
		}
		s.outcome("check", nil)
	}
	rules.DefaultEvalIterationFunc(ctx, g, at)
	if ctx.Err() != nil {
		return
	}
	if err := s.settle(ctx, g, at, c); err != nil {
		s.failed(ctx, "settle", err)
		return
	}
	s.outcome("settle", nil)
}

func (s *Service) failed(ctx context.Context, step string, err error) {
	if ctx.Err() != nil {
		return
	}
	s.outcome(step, err)
	s.metrics.failures.WithLabelValues(step).Inc()
	s.log.Error("keep alerts", "step", step, "err", err)
}

// loadState reads what was active when the panel stopped. What was pending too long ago is forgotten.
func (s *Service) loadState(ctx context.Context) error {
	list, err := s.o.Store.Alerts(ctx)
	if err != nil {
		return fmt.Errorf("read alerts: %w", err)
	}
	clock, err := s.o.Store.AlertClock(ctx)
	if err != nil {
		return fmt.Errorf("read alert clock: %w", err)
	}
	old := time.Since(clock) > maxOutage
	var forgotten []int64
	for _, a := range list {
		if a.FiredAt == nil && old {
			forgotten = append(forgotten, a.ID)
			continue
		}
		s.state[key{a.Rule, a.Fingerprint}] = &a
	}
	if err := s.o.Store.DeleteAlerts(ctx, forgotten); err != nil {
		return fmt.Errorf("forget old alerts: %w", err)
	}
	return nil
}

// changes are what one evaluation changes; they are stored in one transaction and only then count.
type changes struct {
	put     []storage.Alert // FiredAt or ResolvedAt of now also makes a line of the history
	deleted []storage.Alert
}

// settle compares the alerts of a group with what is remembered, and remembers.
func (s *Service) settle(ctx context.Context, g *rules.Group, at time.Time, c *check) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ch changes
	for rule, list := range byName(g) {
		s.takeOver(rule, list, at)
		s.learnRule(g, rule, list)
		if !slices.ContainsFunc(list, func(r *rules.AlertingRule) bool { return r.LastError() != nil }) {
			s.compare(&ch, rule, list, at, c)
		}
	}
	if c != nil {
		c.learn(s.holding(&ch))
	}
	if err := s.store(ctx, &ch, at, c); err != nil {
		return err
	}
	if c != nil {
		s.checks.state, s.checks.polls = c.state, c.polls
		s.metrics.checks.Inc()
		s.metrics.last.SetToCurrentTime()
	}
	s.count()
	if len(ch.put) > 0 {
		s.nudge()
	}
	return nil
}

// byName returns the alerting rules of a group; several may share a name, with other labels.
func byName(g *rules.Group) map[string][]*rules.AlertingRule {
	out := map[string][]*rules.AlertingRule{}
	for _, r := range g.AlertingRules() {
		k := ruleKey(g.File(), g.Name(), r.Name())
		out[k] = append(out[k], r)
	}
	return out
}

// takeOver continues alerts from before the start: at the first evaluation of a rule in this process, what was pending
// or firing then and still holds has held all the time.
func (s *Service) takeOver(rule string, list []*rules.AlertingRule, at time.Time) {
	if s.restored[rule] || slices.ContainsFunc(list, func(r *rules.AlertingRule) bool { return r.LastError() != nil }) {
		return
	}
	s.restored[rule] = true
	for _, r := range list {
		r.SetRestored(true)
		r.ForEachActiveAlert(func(a *rules.Alert) {
			before := s.state[key{rule, notify.Fingerprint(a.Labels.Map())}]
			if before == nil || before.ResolvedAt != nil || !a.ResolvedAt.IsZero() {
				return
			}
			a.ActiveAt = before.ActiveAt
			if before.FiredAt != nil || at.Sub(a.ActiveAt) >= r.HoldDuration() {
				a.State, a.FiredAt = rules.StateFiring, at
			}
		})
	}
}

// learnRule remembers what a page shows of the rule.
func (s *Service) learnRule(g *rules.Group, rule string, list []*rules.AlertingRule) {
	expr := list[0].Query().String()
	if s.known[rule].expr != expr {
		s.known[rule] = ruleInfo{g.File(), g.Name(), expr, thresholdOf(list[0].Query())}
	}
}

// thresholdOf returns the number on the right of the last ordering in an expression.
func thresholdOf(expr parser.Expr) (out *float64) {
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if b, ok := node.(*parser.BinaryExpr); ok && b.Op.IsComparisonOperator() && b.Op != parser.EQLC && b.Op != parser.NEQ {
			if n, ok := b.RHS.(*parser.NumberLiteral); ok && out == nil {
				v := n.Val
				out = &v
			}
		}
		return nil
	})
	return out
}

// store makes changes last, with their lines of the history, then takes them into memory.
func (s *Service) store(ctx context.Context, ch *changes, at time.Time, c *check) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err := s.o.Store.InTx(ctx, func(tx *postgres.Store) error {
		for i := range ch.put {
			if err := s.record(ctx, tx, &ch.put[i]); err != nil {
				return err
			}
		}
		if err := s.drop(ctx, tx, ch.deleted, at); err != nil {
			return err
		}
		if c != nil {
			if err := tx.PutAlertChecks(ctx, c.rows()); err != nil {
				return fmt.Errorf("store checks: %w", err)
			}
		}
		return tx.SetAlertClock(ctx, time.Now())
	})
	if err != nil {
		return err
	}
	for _, a := range ch.put {
		s.state[key{a.Rule, a.Fingerprint}] = &a
	}
	for _, a := range ch.deleted {
		delete(s.state, key{a.Rule, a.Fingerprint})
	}
	return nil
}

// record stores an alert; one that has begun or ended makes or ends a line of the history.
func (s *Service) record(ctx context.Context, tx *postgres.Store, a *storage.Alert) (err error) {
	switch {
	case a.ResolvedAt != nil:
		if a.HistoryID != nil {
			err = tx.EndAlertRecord(ctx, *a.HistoryID, *a.ResolvedAt)
		}
		if err == nil && isOffline(a) && s.Settings().OfflineRecoveryNotify {
			var id int64
			id, err = tx.AddAlertRecord(ctx, s.recovery(a))
			a.HistoryID = &id
		}
	case a.FiredAt != nil && a.HistoryID == nil:
		var id int64
		id, err = tx.AddAlertRecord(ctx, s.line(a))
		a.HistoryID = &id
	}
	if err == nil {
		a.ID, err = tx.PutAlert(ctx, *a)
	}
	if err != nil {
		return fmt.Errorf("store alert: %w", err)
	}
	return nil
}

// drop forgets alerts that end without being told.
func (s *Service) drop(ctx context.Context, tx *postgres.Store, list []storage.Alert, at time.Time) error {
	var ids []int64
	for _, a := range list {
		ids = append(ids, a.ID)
		if a.HistoryID != nil && a.ResolvedAt == nil {
			if err := tx.EndAlertRecord(ctx, *a.HistoryID, at); err != nil {
				return fmt.Errorf("end alert record: %w", err)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if err := tx.DeleteAlerts(ctx, ids); err != nil {
		return fmt.Errorf("forget alerts: %w", err)
	}
	return nil
}

// forgetRules drops the alerts of rules that are there no more.
func (s *Service) forgetRules(ctx context.Context, rules map[string]bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ch changes
	for k, a := range s.state {
		if !rules[k.rule] && a.ResolvedAt == nil {
			ch.deleted = append(ch.deleted, *a)
		}
	}
	if len(ch.deleted) == 0 {
		return nil
	}
	return s.store(ctx, &ch, time.Now(), nil)
}

func (s *Service) count() {
	pending, firing := 0, 0
	for _, a := range s.state {
		switch {
		case a.ResolvedAt != nil:
		case a.FiredAt != nil:
			firing++
		default:
			pending++
		}
	}
	s.metrics.active.WithLabelValues("pending").Set(float64(pending))
	s.metrics.active.WithLabelValues("firing").Set(float64(firing))
}
