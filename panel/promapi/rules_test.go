package promapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	promstorage "github.com/prometheus/prometheus/storage"

	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

const ruleFileA = `groups:
- name: servers
  interval: 1s
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
    labels: {kind: recorded}
  - alert: Down
    expr: up == 0
    labels: {severity: critical}
    annotations: {summary: "{{ $labels.instance }} is {{ $value }}"}
  - alert: DownLong
    expr: up == 0
    for: 1h
    keep_firing_for: 5m
  - alert: Never
    expr: up > 5
- name: empty
  interval: 1s
  rules: []
- name: records
  interval: 1s
  limit: 7
  rules:
  - record: up:count
    expr: count(up)
`

const ruleFileB = `groups:
- name: servers
  interval: 1s
  rules:
  - alert: Broken
    expr: label_replace(up, "instance", "same", "", "")
`

// ruleGroups loads rule files as the alerts feature does, and evaluates every group.
func ruleGroups(t *testing.T, db *tsdb.DB, at time.Time, files ...string) []*rules.Group {
	t.Helper()
	m := rules.NewManager(&rules.ManagerOptions{
		QueryFunc: db.RuleQuery, Appendable: discard{}, Queryable: db.Queryable(), Context: t.Context(),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
		Logger:     slog.New(slog.DiscardHandler), Parser: parser.NewParser(parser.Options{}), NameValidationScheme: model.UTF8Validation,
	})
	var groups []*rules.Group
	for _, file := range files {
		loaded, errs := m.LoadGroups(time.Minute, labels.EmptyLabels(), "", nil, false, file)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		for _, name := range []string{"empty", "records", "servers"} { // as the manager lists them
			if g := loaded[rules.GroupKey(file, name)]; g != nil {
				g.Eval(t.Context(), at)
				groups = append(groups, g)
			}
		}
	}
	return groups
}

// discard takes what rules write.
type discard struct{}

func (discard) Appender(context.Context) promstorage.Appender { return noAppender{} }

type noAppender struct{ promstorage.Appender }

func (noAppender) Commit() error                         { return nil }
func (noAppender) Rollback() error                       { return nil }
func (noAppender) SetOptions(*promstorage.AppendOptions) {}
func (noAppender) Append(promstorage.SeriesRef, labels.Labels, int64, float64) (promstorage.SeriesRef, error) {
	return 0, nil
}

// stable decodes an answer and takes away what depends on the moment, and what depends on the release: 3 always tells the
// labels of a recording rule and leaves out groups without rules.
func stable(t *testing.T, data json.RawMessage) any {
	t.Helper()
	v := canonical(t, data)
	normalize(v)
	return v
}

func normalize(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range []string{"evaluationTime", "lastEvaluation", "activeAt"} {
			if _, ok := v[name]; ok {
				v[name] = "some"
			}
		}
		if v["type"] == "recording" && v["labels"] == nil {
			v["labels"] = map[string]any{}
		}
		if groups, ok := v["groups"].([]any); ok {
			v["groups"] = slices.DeleteFunc(groups, func(g any) bool { return len(g.(map[string]any)["rules"].([]any)) == 0 })
		}
		for _, one := range v {
			normalize(one)
		}
	case []any:
		for _, one := range v {
			normalize(one)
		}
	}
}

// rulesAPI serves the rules of two files, all of them evaluated, and returns the files and the samples.
func rulesAPI(t *testing.T) (api string, files []string, samples []storage.Sample) {
	t.Helper()
	dir := t.TempDir()
	files = []string{filepath.Join(dir, "a.yml"), filepath.Join(dir, "b.yml")}
	for i, text := range []string{ruleFileA, ruleFileB} {
		if err := os.WriteFile(files[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	samples = []storage.Sample{
		sample(now, 1, "__name__", "up", "job", "node", "instance", "a:9100"),
		sample(now, 0, "__name__", "up", "job", "node", "instance", "b:9100"),
	}
	db := storagetest.TSDB(t)
	fill(t, db, samples)
	groups := ruleGroups(t, db, now, files...)
	service := quiet(db)
	service.groups = func() []*rules.Group { return groups }
	return serveAPI(t, service), files, samples
}

func TestRulesAsPrometheus(t *testing.T) {
	t.Parallel()
	ours, files, samples := rulesAPI(t)
	base := runPrometheus(t, t.TempDir(), "rule_files: ["+strings.Join(files, ", ")+"]\n")
	writeRemote(t, base, samples)
	theirs := base + "/api/v1"
	waitEvaluated(t, theirs)
	for _, question := range []string{"/alerts", "/rules", "/rules?type=alert", "/rules?type=RECORD", "/rules?type=both"} {
		path, query, _ := strings.Cut(question, "?")
		form, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		got, want := ask(t, "GET", ours, path, form), ask(t, "GET", theirs, path, form)
		if got.Code != want.Code || got.ErrorType != want.ErrorType || got.Error != want.Error {
			t.Errorf("%s: %+v, theirs %+v", question, got, want)
			continue
		}
		if want.Status != "success" {
			continue
		}
		if diff := cmp.Diff(stable(t, want.Data), stable(t, got.Data)); diff != "" {
			t.Errorf("%s:\n%s", question, diff)
		}
	}
}

// waitEvaluated waits until a Prometheus, which evaluates on its own, has seen the samples in every rule.
func waitEvaluated(t *testing.T, api string) {
	t.Helper()
	poll(t, "Prometheus evaluates the rules", func() bool {
		alerts, list := string(ask(t, "GET", api, "/alerts", nil).Data), string(ask(t, "GET", api, "/rules", nil).Data)
		return strings.Contains(alerts, `"alertname":"DownLong"`) && strings.Contains(list, `"health":"err"`) && !strings.Contains(list, `"health":"unknown"`)
	})
}

// Filters that 2.42 does not have; the answers are written as group:rule,rule.
func TestRuleFilters(t *testing.T) {
	t.Parallel()
	api, files, _ := rulesAPI(t)
	ask := func(pairs ...string) (string, string, reply) {
		form := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			form.Add(pairs[i], pairs[i+1])
		}
		got := ask(t, "GET", api, "/rules", form)
		var list ruleNames
		if got.Code == 200 {
			if err := json.Unmarshal(got.Data, &list); err != nil {
				t.Fatal(err)
			}
		}
		return list.text(), list.GroupNextToken, got
	}
	f := func(want string, pairs ...string) {
		t.Helper()
		if got, _, _ := ask(pairs...); got != want {
			t.Errorf("%q: %s, want %s", pairs, got, want)
		}
	}
	const serversA = "servers:job:up:sum,Down,DownLong,Never"
	f("records:up:count "+serversA+" servers:Broken", "exclude_alerts", "true")
	f("servers:Broken", "file[]", files[1])
	f("records:up:count "+serversA, "file[]", files[0], "file[]", "other.yml")
	f("records:up:count", "rule_group[]", "records")
	f("servers:Down", "rule_group[]", "servers", "rule_name[]", "Down")
	f("records:up:count", "rule_name[]", "Down", "rule_name[]", "up:count", "type", "record")
	f("", "rule_name[]", "nothing")
	f("servers:Down", "match[]", `{severity="critical"}`)
	f("servers:job:up:sum,Down", "match[]", `{severity="critical"}`, "match[]", `{kind="recorded"}`)

	page, next, _ := ask("group_limit", "2")
	if page != "records:up:count "+serversA || next == "" {
		t.Fatalf("first page %s, next %q", page, next)
	}
	if page, next, _ = ask("group_limit", "2", "group_next_token", next); page != "servers:Broken" || next != "" {
		t.Errorf("second page %s, next %q", page, next)
	}
	bad := func(want string, pairs ...string) {
		t.Helper()
		if _, _, got := ask(pairs...); got.Code != 400 || got.ErrorType != "bad_data" || !strings.Contains(got.Error, want) {
			t.Errorf("%q: %+v, want %s", pairs, got, want)
		}
	}
	bad("were rule groups changed?", "group_limit", "2", "group_next_token", "other")
	bad("group_limit needs to be present", "group_next_token", "other")
	bad("group_limit needs to be a valid number", "group_limit", "x")
	bad("group_limit needs to be greater than 0", "group_limit", "0")
	bad(`not supported value "both"`, "type", "both")
	bad("error converting exclude_alerts", "exclude_alerts", "perhaps")
	bad("at least one non-empty matcher", "match[]", `{a=""}`)
	bad("parse error", "match[]", "up{")
}

type ruleNames struct {
	GroupNextToken string
	Groups         []struct {
		Name  string
		Rules []struct {
			Name   string
			Alerts *[]json.RawMessage
		}
	}
}

func (l ruleNames) text() string {
	var groups []string
	for _, g := range l.Groups {
		var names []string
		for _, r := range g.Rules {
			names = append(names, r.Name)
		}
		groups = append(groups, g.Name+":"+strings.Join(names, ","))
	}
	return strings.Join(groups, " ")
}

// Whoever leaves out the alerts gets none, and nothing is served before rules are evaluated here.
func TestRulesWithoutAlertsAndWithoutRules(t *testing.T) {
	t.Parallel()
	api, _, _ := rulesAPI(t)
	without := string(ask(t, "GET", api, "/rules", url.Values{"exclude_alerts": {"1"}}).Data)
	if strings.Contains(without, "activeAt") || !strings.Contains(without, `"alerts":null`) {
		t.Error(without)
	}
	empty, _ := small(t)
	if got := ask(t, "GET", empty, "/rules", nil); string(got.Data) != `{"groups":[]}` {
		t.Errorf("%s", got.Data)
	}
	if got := ask(t, "GET", empty, "/alerts", nil); string(got.Data) != `{"alerts":[]}` {
		t.Errorf("%s", got.Data)
	}
}
