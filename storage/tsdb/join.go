package tsdb

import (
	"sort"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/util/annotations"
)

// join puts the results of segments together, label set by label set: the segments follow each other in time.
func join(results []*promql.Result, notes annotations.Annotations) *promql.Result {
	if len(results) == 1 {
		results[0].Warnings.Merge(notes)
		return results[0]
	}
	all := &promql.Result{}
	var list promql.Matrix
	bySet := map[string]int{}
	var key []byte
	for _, r := range results {
		all.Warnings.Merge(r.Warnings)
		matrix, _ := r.Value.(promql.Matrix) // of a range query it always is one
		for _, s := range matrix {
			key = s.Metric.Bytes(key)
			i, ok := bySet[string(key)]
			if !ok {
				i = len(list)
				bySet[string(key)] = i
				list = append(list, promql.Series{Metric: s.Metric})
			}
			list[i].Floats = append(list[i].Floats, s.Floats...)
			list[i].Histograms = append(list[i].Histograms, s.Histograms...)
		}
	}
	all.Warnings.Merge(notes)
	sort.Sort(list)
	all.Value = list
	return all
}

// note is an annotation that has lost its place in the text of the query.
type note struct {
	text string
	kind error // annotations.PromQLInfo or annotations.PromQLWarning
}

func (n note) Error() string { return n.text }
func (n note) Unwrap() error { return n.kind }

// withoutPositions takes the positions away that point into a rewritten expression, which nobody has asked.
func withoutPositions(a annotations.Annotations) annotations.Annotations {
	var out annotations.Annotations
	warnings, infos := a.AsStrings("", 0, 0)
	for _, text := range warnings {
		out.Add(note{text, annotations.PromQLWarning})
	}
	for _, text := range infos {
		out.Add(note{text, annotations.PromQLInfo})
	}
	return out
}
