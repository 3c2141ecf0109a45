package promapi

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"monitoring/storage/tsdb"
)

// Bounds of ?limit= of /status/tsdb.
const (
	defaultStatusLimit = 10
	maxStatusLimit     = 10_000
)

type countItem struct {
	Name  string `json:"name"`
	Value uint64 `json:"value"`
}

// tsdbStatusItem is the answer of /status/tsdb. What Prometheus calls its head is here the day of today.
type tsdbStatusItem struct {
	HeadStats struct {
		NumSeries     uint64 `json:"numSeries"`
		NumLabelPairs uint64 `json:"numLabelPairs"`
		ChunkCount    uint64 `json:"chunkCount"` // we have no chunks: 0
		MinTime       int64  `json:"minTime"`
		MaxTime       int64  `json:"maxTime"`
	} `json:"headStats"`
	SeriesCountByMetricName     []countItem `json:"seriesCountByMetricName"`
	LabelValueCountByLabelName  []countItem `json:"labelValueCountByLabelName"`
	MemoryInBytesByLabelName    []countItem `json:"memoryInBytesByLabelName"` // our index is on disk: empty
	SeriesCountByLabelValuePair []countItem `json:"seriesCountByLabelValuePair"`
}

// tsdbStatus answers what the index holds, so that a person finds the metric or label that makes too many series.
func (s *Service) tsdbStatus(r *http.Request) (answer, error) {
	limit := defaultStatusLimit
	if raw := r.Form.Get("limit"); raw != "" {
		var err error
		if limit, err = strconv.Atoi(raw); err != nil || limit < 1 {
			return answer{}, &apiError{badData, errors.New("limit must be a positive number")}
		}
		if limit > maxStatusLimit {
			return answer{}, &apiError{badData, fmt.Errorf("limit must not exceed %d", maxStatusLimit)}
		}
	}
	now := time.Now()
	found, err := s.db.Cardinality(r.Context(), now, limit)
	if err != nil {
		return answer{}, err
	}
	var out tsdbStatusItem
	out.HeadStats.NumSeries, out.HeadStats.NumLabelPairs = found.Series, found.LabelPairs
	out.HeadStats.MinTime, out.HeadStats.MaxTime = now.UTC().Truncate(24*time.Hour).UnixMilli(), now.UnixMilli()
	out.SeriesCountByMetricName = counts(found.SeriesByMetric)
	out.LabelValueCountByLabelName = counts(found.ValuesByLabel)
	out.MemoryInBytesByLabelName = []countItem{}
	out.SeriesCountByLabelValuePair = counts(found.SeriesByPair)
	return asJSON(out, nil)
}

func counts(list []tsdb.Count) []countItem {
	out := make([]countItem, len(list))
	for i, c := range list {
		out[i] = countItem(c)
	}
	return out
}
