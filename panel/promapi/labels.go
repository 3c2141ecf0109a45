package promapi

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/util/annotations"

	"monitoring/panel/rest"
)

// Compatible is the release of Prometheus whose engine and API we carry. Grafana decides by it which calls it may use.
const Compatible = "3.15.1"

func (s *Service) series(r *http.Request) (answer, error) {
	if len(r.Form["match[]"]) == 0 {
		return answer{}, &apiError{badData, errors.New("no match[] parameter provided")}
	}
	sel, err := s.parseSelection(r)
	if err != nil {
		return answer{}, err
	}
	list, err := s.db.Series(r.Context(), sel.matchers, sel.from, sel.to, sel.probe())
	if err != nil {
		return answer{}, err
	}
	list, notes := cutOff(list, sel.limit)
	sets := make([]map[string]string, len(list))
	for i, set := range list {
		sets[i] = make(map[string]string, len(set))
		for _, l := range set {
			sets[i][l.Name] = l.Value
		}
	}
	return asJSON(sets, notes)
}

func (s *Service) labelNames(r *http.Request) (answer, error) {
	sel, err := s.parseSelection(r)
	if err != nil {
		return answer{}, err
	}
	names, err := s.db.LabelNames(r.Context(), sel.matchers, sel.from, sel.to, sel.probe())
	if err != nil {
		return answer{}, err
	}
	names, notes := cutOff(names, sel.limit)
	return asJSON(notNil(names), notes)
}

func (s *Service) labelValues(r *http.Request) (answer, error) {
	name := rest.Param(r, "name")
	if strings.HasPrefix(name, "U__") {
		name = model.UnescapeName(name, model.ValueEncodingEscaping)
	}
	if !model.UTF8Validation.IsValidLabelName(name) {
		return answer{}, &apiError{badData, fmt.Errorf("invalid label name: %q", name)}
	}
	sel, err := s.parseSelection(r)
	if err != nil {
		return answer{}, err
	}
	values, err := s.db.LabelValues(r.Context(), name, sel.matchers, sel.from, sel.to, sel.probe())
	if err != nil {
		return answer{}, err
	}
	values, notes := cutOff(values, sel.limit)
	return asJSON(notNil(values), notes)
}

func (s *Service) metadata(r *http.Request) (answer, error) {
	number := func(name string) (int, error) {
		raw := r.Form.Get(name)
		if raw == "" {
			return -1, nil
		}
		n, err := strconv.Atoi(raw)
		if err != nil {
			return 0, &apiError{badData, errors.New(name + " must be a number")}
		}
		return n, nil
	}
	limit, err := number("limit")
	if err != nil {
		return answer{}, err
	}
	perMetric, err := number("limit_per_metric")
	if err != nil {
		return answer{}, err
	}
	if limit == 0 { // to the store it would mean all
		return asJSON(struct{}{}, nil)
	}
	return asJSON(s.db.Metadata(r.Context(), r.Form.Get("metric"), max(limit, 0), max(perMetric, 0)), nil)
}

// BuildInfo is the answer of /status/buildinfo.
type BuildInfo struct {
	Version   string `json:"version"`
	Revision  string `json:"revision"`
	Branch    string `json:"branch"`
	BuildUser string `json:"buildUser"`
	BuildDate string `json:"buildDate"`
	GoVersion string `json:"goVersion"`
}

func (s *Service) buildInfo(*http.Request) (answer, error) {
	return asJSON(BuildInfo{Version: Compatible, Revision: "monitoring panel " + s.version, GoVersion: runtime.Version()}, nil)
}

// cutOff applies the limit and says so.
func cutOff[T any](list []T, limit int) ([]T, annotations.Annotations) {
	if limit == 0 || len(list) <= limit {
		return list, nil
	}
	return list[:limit], annotations.New().Add(errTruncated)
}

// notNil makes an empty list out of none, which JSON would call null.
func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
