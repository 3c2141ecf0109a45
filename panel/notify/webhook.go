package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"

	"monitoring/panel/outbound"
)

// maxGroup bounds the alerts of one webhook body.
const maxGroup = 500

// Alert is one alert as Alertmanager and its receivers know it.
type Alert struct {
	Status       string            `json:"status,omitempty"` // firing or resolved; in webhook bodies only
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"` // of a firing alert: zero in webhook bodies
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint,omitempty"`
}

// Group is what Alertmanager sends to a webhook, version 4.
type Group struct {
	Receiver          string            `json:"receiver"`
	Status            string            `json:"status"`
	Alerts            []Alert           `json:"alerts"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   uint64            `json:"truncatedAlerts"`
}

// States of an alert.
const (
	Firing   = "firing"
	Resolved = "resolved"
)

// NewGroup makes the webhook's form of alerts that belong together. It is firing as long as one of them is.
func NewGroup(key string, labels map[string]string, alerts []Alert) *Group {
	g := &Group{Receiver: "panel", Status: Resolved, GroupLabels: labels, Version: "4", GroupKey: key, Alerts: make([]Alert, 0, len(alerts))}
	if g.GroupLabels == nil {
		g.GroupLabels = map[string]string{}
	}
	for i, a := range alerts {
		if a.Status == Firing {
			g.Status = Firing
		}
		if i == 0 {
			g.CommonLabels, g.CommonAnnotations = common(a.Labels, a.Labels), common(a.Annotations, a.Annotations)
		} else {
			g.CommonLabels, g.CommonAnnotations = common(g.CommonLabels, a.Labels), common(g.CommonAnnotations, a.Annotations)
		}
		a.Fingerprint = Fingerprint(a.Labels)
		g.Alerts = append(g.Alerts, a)
	}
	if extra := len(g.Alerts) - maxGroup; extra > 0 {
		g.Alerts, g.TruncatedAlerts = g.Alerts[:maxGroup], uint64(extra)
	}
	return g
}

func common(a, b map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range a {
		if other, ok := b[k]; ok && other == v {
			out[k] = v
		}
	}
	return out
}

// Fingerprint is Alertmanager's name of a label set.
func Fingerprint(labels map[string]string) string {
	set := make(model.LabelSet, len(labels))
	for k, v := range labels {
		set[model.LabelName(k)] = model.LabelValue(v)
	}
	return set.Fingerprint().String()
}

func (g *Group) encode() (string, error) {
	body, err := json.Marshal(g)
	return string(body), err
}

func (s *Service) sendWebhook(ctx context.Context, body string) error {
	address := s.Settings().WebhookURL.Reveal()
	if address == "" {
		return errNotSetUp
	}
	return s.post(ctx, address, body)
}

// post sends JSON; a refusal carries the beginning of the answer, which is the best reason there is.
func (s *Service) post(ctx context.Context, address, body string) error {
	client, err := s.clients.get("")
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: the address is no URL")
	}
	req.Header.Set("Content-Type", "application/json")
	status, answer, err := outbound.Do(client, req, maxAnswer)
	if err != nil {
		return fmt.Errorf("reach the receiver: %w", err)
	}
	if status/100 == 2 {
		return nil
	}
	reason, _ := cut(strings.TrimSpace(string(answer)), 300)
	return &SendError{Reason: strings.TrimSuffix(fmt.Sprintf("the receiver answered %d: %s", status, reason), ": "), Message: status == http.StatusBadRequest}
}

// clients keeps one HTTP client, with its connections, until the proxy changes; and one without a proxy.
type clients struct {
	policy outbound.Policy
	mu     sync.Mutex
	proxy  string
	behind *http.Client
	direct *http.Client
}

func (c *clients) get(proxy string) (*http.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := &c.direct
	if proxy != "" {
		kept = &c.behind
		if c.behind != nil && c.proxy != proxy {
			c.behind.CloseIdleConnections()
			c.behind = nil
		}
		c.proxy = proxy
	}
	if *kept == nil {
		made, err := c.policy.Client(sendTimeout, proxy)
		if err != nil {
			return nil, err
		}
		*kept = made
	}
	return *kept, nil
}
