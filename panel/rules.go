package main

import (
	"context"
	"errors"
	"fmt"

	"monitoring/panel/alerts"
	"monitoring/panel/alerts/ruletest"
)

var errRulesUsage = errors.New("say `panel rules check FILE...` or `panel rules test FILE...`")

// runRules checks rule files, or runs their unit tests, as promtool does. It needs no panel.
func runRules(ctx context.Context, p program) error {
	if len(p.args) < 2 {
		return errRulesUsage
	}
	files, bad := p.args[1:], 0
	switch p.args[0] {
	case "check":
		bad = alerts.CheckFiles(files, p.stdout, p.stderr)
	case "test":
		bad = testRules(ctx, files, p)
	default:
		return errRulesUsage
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d files failed", bad, len(files))
	}
	return nil
}

func testRules(ctx context.Context, files []string, p program) (failed int) {
	for i, path := range files {
		if i > 0 {
			fmt.Fprintln(p.stdout)
		}
		fmt.Fprintln(p.stdout, "Unit Testing: ", path)
		if err := testRuleFile(ctx, path); err != nil {
			failed++
			fmt.Fprintf(p.stderr, "  FAILED:\n%v\n", err)
			continue
		}
		fmt.Fprintln(p.stdout, "  SUCCESS")
	}
	return failed
}

func testRuleFile(ctx context.Context, path string) error {
	f, err := ruletest.Load(path)
	if err != nil {
		return err
	}
	rules, err := f.Rules()
	if err != nil {
		return err
	}
	return f.Run(ctx, rules)
}
