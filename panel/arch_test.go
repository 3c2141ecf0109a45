package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mayImport says which of our packages a package may import: the table of ARCHITECTURE.md. The first pattern that
// matches a package decides. A trailing * matches any suffix.
var mayImport = []struct {
	pkg     string
	imports string
}{
	{"words", ""},
	{"durable", ""},
	{"agent/api", "words"},
	{"agent/host", "durable"},
	{"agent/haproxy", "agent/api words"},
	{"agent/collector", "agent/host agent/haproxy"},
	{"agent/control", "agent/host agent/api agent/haproxy words"},
	{"agent/control/controltest", "agent/host"},
	{"agent/visits", "agent/host agent/api"},
	{"agent/server", "agent/* durable"},
	{"agent", "agent/*"},
	{"storage", "words"},
	{"storage/storagetest", "storage storage/*"},
	{"storage/clickhouse/engine", "storage/machine"},
	{"storage/child", ""},
	{"storage/machine", ""},
	{"storage/*", "storage storage/child durable words"},
	{"dashboards", ""},
	{"rules", ""},
	{"panel/alerts/ruletest", ""},
	{"deploy", ""},
	{"panel/config", "durable"},
	{"panel/web", ""},
	{"panel/rest", "storage words"},
	{"panel/rest/resttest", "panel/rest"},
	{"panel/auth", "panel/rest storage storage/postgres"},
	{"panel/outbound", ""},
	{"panel/notify", "panel/rest panel/outbound storage storage/postgres"},
	{"panel/fleet", "panel/rest storage storage/postgres agent/api durable words"},
	{"panel/change", "panel/rest panel/fleet storage agent/api words"},
	{"panel/scrape/simulate", "agent/api"},
	{"panel/sql", "panel/rest storage/clickhouse words"},
	{"panel/*", "panel/rest panel/outbound panel/auth panel/notify panel/fleet panel/change storage storage/postgres storage/clickhouse storage/tsdb agent/api dashboards rules words"},
	{"panel", "panel/* storage storage/* agent/api dashboards rules words"},
}

// owners says which of our packages may import a third-party engine: one owner per engine.
var owners = []struct {
	module string
	owners string
}{
	{"github.com/VictoriaMetrics/", "storage/tsdb"},
	{"github.com/jackc/pgx/", "storage/postgres"},
	{"github.com/pressly/goose/", "storage/postgres"},
	{"github.com/ClickHouse/", "storage/clickhouse storage/clickhouse/engine"},
	{"github.com/ebitengine/purego", "storage/clickhouse/engine"},
	{"github.com/go-chi/chi", "panel/rest"},
	{"github.com/prometheus/node_exporter/", "agent/collector"},
	{"github.com/prometheus/prometheus/", "storage/tsdb panel/alerts panel/alerts/ruletest panel/promapi"},
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, "monitoring/")
		allowed, known := allowedImports(name)
		if !known {
			t.Errorf("%s is new: give it a line in mayImport", name)
			continue
		}
		for _, imported := range p.Imports {
			if ours, ok := strings.CutPrefix(imported, "monitoring/"); ok {
				if !matchAny(ours, allowed) {
					t.Errorf("%s must not import %s", name, ours)
				}
				continue
			}
			for _, o := range owners {
				if strings.HasPrefix(imported, o.module) && !slices.Contains(strings.Fields(o.owners), name) {
					t.Errorf("%s must not import %s: that is %s's", name, imported, o.owners)
				}
			}
		}
	}
}

func listPackages(t *testing.T) []goPackage {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "monitoring/...").Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	var packages []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("read package list: %v", err)
		}
		packages = append(packages, p)
	}
}

func allowedImports(pkg string) ([]string, bool) {
	for _, rule := range mayImport {
		if match(pkg, rule.pkg) {
			return strings.Fields(rule.imports), true
		}
	}
	return nil, false
}

func matchAny(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(name, p) })
}

func match(name, pattern string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return name == pattern
}
