package alerts

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// CheckFiles checks rule files and says about each what promtool does; broken counts those that cannot be read.
func CheckFiles(paths []string, stdout, stderr io.Writer) (broken int) {
	p := parser.NewParser(parser.Options{})
	for i, path := range paths {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		fmt.Fprintln(stdout, "Checking", path)
		data, err := os.ReadFile(path)
		if err != nil {
			broken++
			fmt.Fprintf(stderr, "  FAILED:\n%v\n", err)
			continue
		}
		groups, errs := rulefmt.Parse(data, false, model.UTF8Validation, p, slog.New(slog.DiscardHandler))
		if len(errs) > 0 {
			broken++
			fmt.Fprintln(stderr, "  FAILED:")
			for _, err := range errs {
				fmt.Fprintf(stderr, "%s: %v\n", path, err)
			}
			continue
		}
		if twice := duplicates(groups); twice != "" {
			fmt.Fprintf(stderr, "  FAILED:\n%s", twice)
			continue // promtool says so, too, and counts it as no failure
		}
		n := 0
		for _, g := range groups.Groups {
			n += len(g.Rules)
		}
		fmt.Fprintf(stdout, "  SUCCESS: %d rules found\n", n)
	}
	return broken
}

// duplicates names the rules that are there more than once with the same labels.
func duplicates(groups *rulefmt.RuleGroups) string {
	seen, twice := map[string]int{}, []string{}
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			key := r.Record + r.Alert + fmt.Sprint(r.Labels) // maps print sorted
			if seen[key]++; seen[key] == 2 {
				twice = append(twice, fmt.Sprintf("Metric: %s\nLabel(s): %v\n", r.Record+r.Alert, r.Labels))
			}
		}
	}
	if len(twice) == 0 {
		return ""
	}
	return fmt.Sprintf("%d duplicate rule(s) found.\n%sMight cause inconsistency while recording expressions\n", len(twice), strings.Join(twice, ""))
}
