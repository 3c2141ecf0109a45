package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Page is the charts of one page of the UI, in the order they are drawn.
type Page struct {
	Page   string  `json:"page"`
	Charts []Chart `json:"charts"`
}

// Chart is one plot: what it is called, how it is drawn and what it asks.
type Chart struct {
	ID        string   `json:"id"`
	Title     Text     `json:"title"`
	Unit      string   `json:"unit"`
	Kind      string   `json:"kind"`
	Mirror    bool     `json:"mirror"`    // two series, the second drawn below zero
	Collapsed bool     `json:"collapsed"` // folded until the user opens it
	Limits    *Limits  `json:"limits"`    // where the line turns amber and red
	MaxFixed  *float64 `json:"max_fixed"` // fixed end of the axis; null follows the data
	Series    []Series `json:"series"`
}

// Text is one text in both languages of the UI.
type Text struct {
	EN string `json:"en"`
	RU string `json:"ru"`
}

// Limits are the two values at which a reading becomes a warning and critical.
type Limits struct {
	Warn float64 `json:"warn"`
	Crit float64 `json:"crit"`
}

// Series is one line, or one line per label set when its queries answer several.
//
// The queries are PromQL with two placeholders: $server is the matcher of the server, $step is the width of a point.
// They read with *_over_time(x[$step]) so that a hole in the samples is a hole in the line.
type Series struct {
	Name   string `json:"name"`
	Title  Text   `json:"title"`
	Legend string `json:"legend,omitempty"` // as in "{{mountpoint}}"; empty for a series of one line
	Mean   string `json:"mean"`
	Min    string `json:"min,omitempty"`
	Max    string `json:"max,omitempty"`
}

var (
	units     = []string{"percent", "bits_per_second", "bytes_per_second", "bytes", "number", "celsius"}
	kinds     = []string{"line", "heat", "multiples"}
	validName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	validPath = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	label     = regexp.MustCompile(`\{\{\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*\}\}`)
)

// maxLines is how many series one plot can tell apart; more belong into multiples.
const maxLines = 3

// Parse reads one page and refuses what the UI could not draw.
func Parse(data []byte) (Page, error) {
	var p Page
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return p, fmt.Errorf("read page: %w", err)
	}
	if !validPath.MatchString(p.Page) {
		return p, fmt.Errorf("page %q: name it in small letters", p.Page)
	}
	seen := make(map[string]bool)
	for _, c := range p.Charts {
		if seen[c.ID] {
			return p, fmt.Errorf("chart %q: there are two", c.ID)
		}
		seen[c.ID] = true
		if err := c.validate(); err != nil {
			return p, fmt.Errorf("chart %q: %w", c.ID, err)
		}
	}
	return p, nil
}

func (c Chart) validate() error {
	switch {
	case !validName.MatchString(c.ID):
		return fmt.Errorf("id must match %s", validName)
	case c.Title.EN == "" || c.Title.RU == "":
		return fmt.Errorf("title needs en and ru")
	case !slices.Contains(units, c.Unit):
		return fmt.Errorf("unit %q is none of %v", c.Unit, units)
	case !slices.Contains(kinds, c.Kind):
		return fmt.Errorf("kind %q is none of %v", c.Kind, kinds)
	case c.Mirror && (c.Kind != "line" || len(c.Series) != 2):
		return fmt.Errorf("mirror needs kind line and two series")
	case c.Kind == "heat" && len(c.Series) != 1:
		return fmt.Errorf("a heat strip has one series")
	case len(c.Series) == 0 || len(c.Series) > maxLines:
		return fmt.Errorf("needs 1 to %d series, has %d", maxLines, len(c.Series))
	case c.Limits != nil && c.Limits.Warn >= c.Limits.Crit:
		return fmt.Errorf("limits: warn must be below crit")
	case c.MaxFixed != nil && *c.MaxFixed <= 0:
		return fmt.Errorf("max_fixed must be positive")
	}
	names := make(map[string]bool)
	for _, s := range c.Series {
		if names[s.Name] {
			return fmt.Errorf("series %q: there are two", s.Name)
		}
		names[s.Name] = true
		if err := s.validate(c.Kind); err != nil {
			return fmt.Errorf("series %q: %w", s.Name, err)
		}
	}
	return nil
}

func (s Series) validate(kind string) error {
	switch {
	case !validName.MatchString(s.Name):
		return fmt.Errorf("name must match %s", validName)
	case s.Title.EN == "" || s.Title.RU == "":
		return fmt.Errorf("title needs en and ru")
	case s.Mean == "":
		return fmt.Errorf("mean is missing")
	case kind == "heat" && !label.MatchString(s.Legend):
		return fmt.Errorf("legend must name the label that tells the rows apart")
	}
	for _, expr := range s.Exprs() {
		if !strings.Contains(expr, "$server") || !strings.Contains(expr, "[$step]") {
			return fmt.Errorf("query %q must use $server and [$step]", expr)
		}
	}
	return nil
}

// Exprs lists the queries that the series has.
func (s Series) Exprs() []string {
	return slices.DeleteFunc([]string{s.Mean, s.Min, s.Max}, func(e string) bool { return e == "" })
}

// Chart returns the chart with the given id.
func (p Page) Chart(id string) (Chart, bool) {
	i := slices.IndexFunc(p.Charts, func(c Chart) bool { return c.ID == id })
	if i < 0 {
		return Chart{}, false
	}
	return p.Charts[i], true
}

// Expand fills the placeholders of a query for one server and one width of a point.
func Expand(expr string, server int64, step time.Duration) string {
	return strings.NewReplacer(
		"$server", `server="`+strconv.FormatInt(server, 10)+`"`,
		"$step", strconv.FormatInt(step.Milliseconds(), 10)+"ms",
	).Replace(expr)
}

// LegendOf fills the legend from the labels of one line; a label that is not there becomes empty.
func (s Series) LegendOf(value func(label string) string) string {
	return label.ReplaceAllStringFunc(s.Legend, func(m string) string {
		return value(label.FindStringSubmatch(m)[1])
	})
}
