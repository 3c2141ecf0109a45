// Package dashboards carries the shipped chart definitions of the web UI; it is not for running their queries,
// which panel/metrics does. A chart is one entry in <page>.json: start reading at server.json.
package dashboards

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed *.json
var files embed.FS

// Pages are the shipped definitions by page name.
type Pages map[string]Page

// Load reads and checks every shipped page.
func Load() (Pages, error) { return load(files) }

func load(dir fs.FS) (Pages, error) {
	names, err := fs.Glob(dir, "*.json")
	if err != nil {
		return nil, fmt.Errorf("list dashboards: %w", err)
	}
	pages := make(Pages, len(names))
	for _, name := range names {
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("read dashboard: %w", err)
		}
		page, err := Parse(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if page.Page != strings.TrimSuffix(name, ".json") {
			return nil, fmt.Errorf("%s: the page must be named like its file, not %q", name, page.Page)
		}
		pages[page.Page] = page
	}
	return pages, nil
}
