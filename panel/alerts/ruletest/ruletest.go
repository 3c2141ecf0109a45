// Package ruletest runs unit tests of rule files in promtool's format. It knows no rule of ours.
package ruletest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
	"go.yaml.in/yaml/v3"
)

// maxSteps bounds one test: a typo in a time must not keep a machine busy.
const maxSteps = 100_000

// File is one file of tests.
type File struct {
	RuleFiles          []string       `yaml:"rule_files"` // as written: relative to the file, with wildcards
	EvaluationInterval model.Duration `yaml:"evaluation_interval"`
	GroupEvalOrder     []string       `yaml:"group_eval_order"`
	FuzzyCompare       bool           `yaml:"fuzzy_compare"`
	Tests              []Test         `yaml:"tests"`

	dir string
}

// Test feeds series to the rules and says what must come of it.
type Test struct {
	Name            string            `yaml:"name"`
	Interval        model.Duration    `yaml:"interval"`
	InputSeries     []Input           `yaml:"input_series"`
	AlertRuleTests  []AlertCase       `yaml:"alert_rule_test"`
	PromqlExprTests []ExprCase        `yaml:"promql_expr_test"`
	ExternalLabels  map[string]string `yaml:"external_labels"`
	ExternalURL     string            `yaml:"external_url"`
}

// Input is a series in the notation of Prometheus' own tests, one value per Test.Interval.
type Input struct {
	Series string `yaml:"series"`
	Values string `yaml:"values"`
}

// AlertCase lists every alert of one name that fires at a time.
type AlertCase struct {
	EvalTime  model.Duration `yaml:"eval_time"`
	Alertname string         `yaml:"alertname"`
	ExpAlerts []struct {
		Labels      map[string]string `yaml:"exp_labels"`
		Annotations map[string]string `yaml:"exp_annotations"`
	} `yaml:"exp_alerts"`
}

// ExprCase lists every sample that an expression gives at a time.
type ExprCase struct {
	Expr       string         `yaml:"expr"`
	EvalTime   model.Duration `yaml:"eval_time"`
	ExpSamples []struct {
		Labels string  `yaml:"labels"`
		Value  float64 `yaml:"value"`
	} `yaml:"exp_samples"`
}

// Load reads a file of tests. Unknown fields are errors.
func Load(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read rule tests: %w", err)
	}
	f := &File{dir: filepath.Dir(path)}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(f); err != nil {
		return nil, fmt.Errorf("read rule tests %s: %w", path, err)
	}
	if f.EvaluationInterval <= 0 {
		f.EvaluationInterval = model.Duration(time.Minute)
	}
	return f, nil
}

// Rules returns the paths of the rule files under test.
func (f *File) Rules() ([]string, error) {
	var paths []string
	for _, pattern := range f.RuleFiles {
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(f.dir, pattern)
		}
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			return nil, fmt.Errorf("rule_files: no file is called %s", pattern)
		}
		paths = append(paths, found...)
	}
	return paths, nil
}

// Run runs every test against the given rule files and returns what failed, joined.
func (f *File) Run(ctx context.Context, ruleFiles []string) error {
	var failures []error
	for i := range f.Tests {
		t := &f.Tests[i]
		name := t.Name
		if name == "" {
			name = fmt.Sprintf("test %d", i+1)
		}
		if err := f.run(ctx, t, ruleFiles); err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(failures...)
}

// run evaluates the rules step by step and looks at each expected moment as it passes.
func (f *File) run(ctx context.Context, t *Test, ruleFiles []string) (err error) {
	end, step := t.end(), time.Duration(f.EvaluationInterval)
	if t.Interval <= 0 {
		return errors.New("interval: give the time between two values, as in 1m")
	}
	if end/step > maxSteps {
		return fmt.Errorf("the last eval_time, %s, is more than %d evaluations away", end, maxSteps)
	}
	suite, err := promqltest.NewLazyLoader(t.load(), promqltest.LazyLoaderOpts{EnableAtModifier: true, EnableNegativeOffset: true})
	if err != nil {
		return fmt.Errorf("input_series: %w", err)
	}
	suite.SubqueryInterval = step
	defer func() { err = errors.Join(err, suite.Close()) }()
	groups, err := f.groups(suite, t, ruleFiles)
	if err != nil {
		return err
	}
	var failures []error
	start := time.Unix(0, 0).UTC()
	for at := time.Duration(0); at <= end; at += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := evaluate(suite, groups, start.Add(at)); err != nil {
			return err
		}
		for _, c := range t.AlertRuleTests {
			if due := time.Duration(c.EvalTime); at <= due && due < at+step {
				failures = append(failures, checkAlerts(groups, c))
			}
		}
	}
	for _, c := range t.PromqlExprTests {
		failures = append(failures, f.checkExpr(suite, c, start))
	}
	return errors.Join(failures...)
}

func (t *Test) end() time.Duration {
	var last model.Duration
	for _, c := range t.AlertRuleTests {
		last = max(last, c.EvalTime)
	}
	for _, c := range t.PromqlExprTests {
		last = max(last, c.EvalTime)
	}
	return time.Duration(last)
}

// load writes the series as a command of Prometheus' test language.
func (t *Test) load() string {
	var b strings.Builder
	fmt.Fprintf(&b, "load %s\n", t.Interval)
	for _, in := range t.InputSeries {
		fmt.Fprintf(&b, "  %s %s\n", in.Series, in.Values)
	}
	return b.String()
}

func (f *File) groups(suite *promqltest.LazyLoader, t *Test, ruleFiles []string) ([]*rules.Group, error) {
	m := rules.NewManager(&rules.ManagerOptions{
		QueryFunc: rules.EngineQueryFunc(suite.QueryEngine(), suite.Storage()), Appendable: suite.Storage(), Queryable: suite.Queryable(),
		Context: suite.Context(), NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
		Logger: slog.New(slog.DiscardHandler), Parser: parser.NewParser(parser.Options{}), NameValidationScheme: model.UTF8Validation,
	})
	loaded, errs := m.LoadGroups(time.Duration(t.Interval), labels.FromMap(t.ExternalLabels), t.ExternalURL, nil, false, ruleFiles...)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	var groups []*rules.Group
	for _, g := range loaded {
		groups = append(groups, g)
		for _, r := range g.AlertingRules() {
			r.SetRestored(true) // otherwise it writes no ALERTS
		}
	}
	rank := func(g *rules.Group) int {
		if i := slices.Index(f.GroupEvalOrder, g.Name()); i >= 0 {
			return i
		}
		return len(f.GroupEvalOrder)
	}
	slices.SortFunc(groups, func(a, b *rules.Group) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a.File()+a.Name(), b.File()+b.Name())
	})
	return groups, nil
}

func evaluate(suite *promqltest.LazyLoader, groups []*rules.Group, at time.Time) (err error) {
	suite.WithSamplesTill(at, func(loadErr error) {
		if err = loadErr; err != nil {
			return
		}
		for _, g := range groups {
			g.Eval(suite.Context(), at)
			for _, r := range g.Rules() {
				if ruleErr := r.LastError(); ruleErr != nil {
					err = errors.Join(err, fmt.Errorf("rule %s at %s: %w", r.Name(), at.Sub(time.Unix(0, 0)), ruleErr))
				}
			}
		}
	})
	return err
}
