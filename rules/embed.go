// Package rules carries the shipped recording and alert rules, in Prometheus' format; it evaluates nothing.
//
// Each topic is a file; its tests, in promtool's format, stand beside it as <topic>.test.yml. A rule's annotations are
// summary and description, in English and, with _ru, in Russian; its severity is critical, warning or info.
package rules

import (
	"embed"
	"strings"
)

//go:embed *.yml
var files embed.FS

// Files returns the shipped rule files by name.
func Files() map[string][]byte {
	out := map[string][]byte{}
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // an embedded directory
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), testSuffix) {
			continue
		}
		data, err := files.ReadFile(e.Name())
		if err != nil {
			panic(err)
		}
		out[e.Name()] = data
	}
	return out
}

const testSuffix = ".test.yml"
