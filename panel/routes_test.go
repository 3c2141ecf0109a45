package main

import (
	"strings"
	"testing"
)

// TestRoutesGolden keeps the whole API surface in one file: a new route shows up in review as one line with its role.
func TestRoutesGolden(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, r := range startPanel(t).app.mux.Routes() {
		b.WriteString(r.String() + "\n")
	}
	golden(t, "testdata/routes.golden", b.String())
}
