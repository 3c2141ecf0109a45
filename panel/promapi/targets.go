package promapi

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Target is one page that the panel scrapes.
type Target struct {
	Pool     string            // the job
	Address  string            // host and port
	Path     string            // with the query, as in /metrics?set=host
	Labels   map[string]string // what the scraper adds to each sample
	Scraped  time.Time         // begin of the last scrape; zero before the first one
	Took     time.Duration
	Err      string // of the last scrape; empty when it was good
	Interval time.Duration
	Timeout  time.Duration
}

// targetItem and targetList are the answer of /targets.
type targetItem struct {
	DiscoveredLabels   map[string]string `json:"discoveredLabels"`
	Labels             map[string]string `json:"labels"`
	ScrapePool         string            `json:"scrapePool"`
	ScrapeURL          string            `json:"scrapeUrl"`
	GlobalURL          string            `json:"globalUrl"`
	LastError          string            `json:"lastError"`
	LastScrape         time.Time         `json:"lastScrape"`
	LastScrapeDuration float64           `json:"lastScrapeDuration"`
	Health             string            `json:"health"` // up, down, unknown
	ScrapeInterval     string            `json:"scrapeInterval"`
	ScrapeTimeout      string            `json:"scrapeTimeout"`
}

type targetList struct {
	ActiveTargets       []targetItem   `json:"activeTargets"`
	DroppedTargets      []struct{}     `json:"droppedTargets"`      // nothing is relabelled here, so nothing is dropped
	DroppedTargetCounts map[string]int `json:"droppedTargetCounts"` // by pool
}

// listTargets answers which pages are scraped and how that went; state and scrapePool narrow it down.
func (s *Service) listTargets(r *http.Request) (answer, error) {
	pool, state := r.Form.Get("scrapePool"), strings.ToLower(r.Form.Get("state"))
	all := state == "" || state == "any"
	list := targetList{ActiveTargets: []targetItem{}, DroppedTargets: []struct{}{}}
	targets := s.targets()
	if all || state == "active" {
		for _, t := range targets {
			if pool == "" || pool == t.Pool {
				list.ActiveTargets = append(list.ActiveTargets, t.item())
			}
		}
		slices.SortStableFunc(list.ActiveTargets, func(a, b targetItem) int { return strings.Compare(a.ScrapePool, b.ScrapePool) })
	}
	if all || state == "dropped" {
		list.DroppedTargetCounts = map[string]int{}
		for _, t := range targets {
			list.DroppedTargetCounts[t.Pool] = 0
		}
	}
	return asJSON(list, nil)
}

func (t Target) item() targetItem {
	interval, timeout := model.Duration(t.Interval).String(), model.Duration(t.Timeout).String()
	path, query, _ := strings.Cut(t.Path, "?")
	discovered := map[string]string{
		"__address__": t.Address, "__scheme__": "https", "__metrics_path__": path,
		"__scrape_interval__": interval, "__scrape_timeout__": timeout, "job": t.Pool,
	}
	for param := range strings.SplitSeq(query, "&") {
		if name, value, ok := strings.Cut(param, "="); ok {
			discovered["__param_"+name] = value
		}
	}
	health := "up"
	switch {
	case t.Scraped.IsZero():
		health = "unknown"
	case t.Err != "":
		health = "down"
	}
	url := "https://" + t.Address + t.Path
	return targetItem{
		DiscoveredLabels: discovered, Labels: t.Labels, ScrapePool: t.Pool, ScrapeURL: url, GlobalURL: url,
		LastError: t.Err, LastScrape: t.Scraped, LastScrapeDuration: t.Took.Seconds(), Health: health,
		ScrapeInterval: interval, ScrapeTimeout: timeout,
	}
}
