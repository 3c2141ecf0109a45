package alerts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"monitoring/panel/notify"
	"monitoring/storage"
)

// kind of news about an alert.
type kind string

const (
	begun    kind = "firing"
	repeated kind = "repeated"
	ended    kind = "resolved"
)

func isOffline(a *storage.Alert) bool {
	return a.Alertname == storage.TriggerOffline && strings.HasPrefix(a.Rule, settingsFile)
}

// name returns what people call the server of an alert, or the instance that its labels name.
func (s *Service) name(a *storage.Alert) string {
	if a.ServerID != nil {
		if srv, err := s.o.Fleet.Server(*a.ServerID); err == nil {
			return srv.Name
		}
	}
	return a.Labels["instance"]
}

// line is the line of the history that an alert makes when it begins.
func (s *Service) line(a *storage.Alert) storage.AlertRecord {
	return s.inLanguages(storage.AlertRecord{
		ServerID: a.ServerID, ServerName: s.name(a), AlertType: a.Alertname, Severity: cmp.Or(a.Severity, "warning"),
		Details: a.Details, Fingerprint: a.Fingerprint, CreatedAt: *a.FiredAt,
	}, func(language string) string { return text(a, "summary", language) + ": " + s.description(a, language) })
}

// inLanguages writes the message of a line.
func (s *Service) inLanguages(r storage.AlertRecord, say func(language string) string) storage.AlertRecord {
	r.MessageEn, r.MessageRu, r.Message = say("en"), say("ru"), say(s.o.Notify.Settings().Language)
	return r
}

// recovery is the line that tells of a server's return.
func (s *Service) recovery(a *storage.Alert) storage.AlertRecord {
	return s.inLanguages(storage.AlertRecord{
		ServerID: a.ServerID, ServerName: s.name(a), AlertType: storage.AlertRecovery, Severity: "info",
		Fingerprint: a.Fingerprint + "/" + storage.AlertRecovery, CreatedAt: *a.ResolvedAt,
	}, func(language string) string {
		w := words(language)
		return w.back + ": " + w.lasted(a)
	})
}

// text returns an annotation in the language of messages, in English if it is not translated.
func text(a *storage.Alert, annotation, language string) string {
	if language == "ru" && a.Annotations[annotation+"_ru"] != "" {
		return a.Annotations[annotation+"_ru"]
	}
	if v := a.Annotations[annotation]; v != "" || annotation != "summary" {
		return v
	}
	return a.Alertname
}

// description is what the rule says, with the server's name in place of its address and the numbers of a trigger behind.
func (s *Service) description(a *storage.Alert, language string) string {
	out := text(a, "description", language)
	if instance := a.Labels["instance"]; instance != "" {
		out = strings.ReplaceAll(out, instance, s.name(a))
	}
	if d := a.Details; d.EMA != nil && d.Current != nil && strings.HasPrefix(a.Rule, settingsFile) {
		unit := sources[triggerOf(a.Alertname)].unit
		out = fmt.Sprintf("%s (%s, %s %s)", strings.TrimSuffix(out, "."), number(*d.Current, unit, language), words(language).usually, number(*d.EMA, unit, language))
	}
	return out
}

// number writes a value in its unit: three digits, rates in bits as everywhere in the panel.
func number(v float64, unit, language string) string {
	if unit != "B/s" {
		return strings.TrimSpace(short(v) + " " + unit)
	}
	units := []string{"bit/s", "kbit/s", "Mbit/s", "Gbit/s"}
	if language == "ru" {
		units = []string{"бит/с", "кбит/с", "Мбит/с", "Гбит/с"}
	}
	v *= 8
	i := 0
	for ; v >= 1000 && i < len(units)-1; i++ {
		v /= 1000
	}
	return short(v) + " " + units[i]
}

func short(v float64) string {
	digits := 0
	switch {
	case v < 10:
		digits = 2
	case v < 100:
		digits = 1
	}
	out := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(out, ".") {
		out = strings.TrimRight(strings.TrimRight(out, "0"), ".")
	}
	return out
}

type phrases struct {
	over, back, again, usually, after string
	language                          string
}

func words(language string) phrases {
	if language == "ru" {
		return phrases{"Прошло", "Снова в сети", "Всё ещё", "обычно", "длилось", language}
	}
	return phrases{"Resolved", "Back online", "Still", "usually", "lasted", language}
}

// lasted says how long an alert has been firing.
func (w phrases) lasted(a *storage.Alert) string {
	return w.after + " " + w.duration(a.ResolvedAt.Sub(*a.FiredAt))
}

// duration writes the two largest units, in minutes at least.
func (w phrases) duration(d time.Duration) string {
	units := []string{"d", "h", "min"}
	if w.language == "ru" {
		units = []string{"дн", "ч", "мин"}
	}
	minutes := max(int(d.Round(time.Minute)/time.Minute), 1)
	parts := []int{minutes / 1440, minutes / 60 % 24, minutes % 60}
	first := slices.IndexFunc(parts, func(n int) bool { return n > 0 })
	out := fmt.Sprintf("%d %s", parts[first], units[first])
	if first+1 < len(parts) && parts[first+1] > 0 {
		out += fmt.Sprintf(" %d %s", parts[first+1], units[first+1])
	}
	return out
}

// notification makes one message of alerts of one rule that begin or end together.
func (s *Service) notification(k kind, list []*storage.Alert, now time.Time) notify.Notification {
	slices.SortFunc(list, func(a, b *storage.Alert) int {
		return cmp.Or(cmp.Compare(strings.ToLower(s.name(a)), strings.ToLower(s.name(b))), cmp.Compare(a.ID, b.ID))
	})
	settings, language := s.Settings(), s.o.Notify.Settings().Language
	w, first := words(language), list[0]
	title, level := text(first, "summary", language), notify.Severity(first.Severity)
	switch {
	case k == repeated:
		title = w.again + ": " + title
	case k == ended && isOffline(first):
		title, level = w.back, notify.Info
	case k == ended:
		title, level = w.over+": "+title, notify.Info
	}
	if level != notify.Critical && level != notify.Info {
		level = notify.Warning
	}
	if len(list) > 1 {
		title += fmt.Sprintf(" (%d)", len(list))
	}
	var lines []string
	for _, a := range list {
		about := s.description(a, language)
		if k == ended {
			about = w.lasted(a)
		}
		line := about
		if name := s.name(a); !strings.Contains(about, name) {
			line = name + ": " + about
		}
		lines = append(lines, strings.TrimSuffix(strings.TrimSuffix(line, ": "), "."))
	}
	if link := s.link(list); link != "" && settings.TelegramLinks {
		if lines = append(lines, link); len(list) > 20 { // a long list is cut at its end
			lines = slices.Insert(lines[:len(list)], 0, link)
		}
	}
	id := fmt.Sprintf("alert/%s/%d/%d", k, first.ID, now.UnixMilli())
	return notify.Notification{Key: id, Text: notify.Text{Severity: level, Title: title, Lines: lines},
		Group: notify.NewGroup(first.Rule, map[string]string{"alertname": first.Alertname}, s.outside(list, k))}
}

// link is where the web UI shows the alerts.
func (s *Service) link(list []*storage.Alert) string {
	switch {
	case s.o.Link == "":
		return ""
	case len(list) == 1 && list[0].ServerID != nil:
		return fmt.Sprintf("%sservers/%d", s.o.Link, *list[0].ServerID)
	}
	return s.o.Link + "alerts"
}

// outside puts alerts into the form of a webhook. The secret path goes along only if the settings say so.
func (s *Service) outside(list []*storage.Alert, k kind) []notify.Alert {
	out := make([]notify.Alert, 0, len(list))
	for _, a := range list {
		n := notify.Alert{Status: notify.Firing, Labels: a.Labels, Annotations: s.withName(a), StartsAt: a.ActiveAt}
		if k == ended {
			n.Status, n.EndsAt = notify.Resolved, *a.ResolvedAt
		}
		if s.Settings().WebhookLinks {
			n.GeneratorURL = s.link([]*storage.Alert{a})
		}
		out = append(out, n)
	}
	return out
}

// withName adds what people call the server to the annotations: labels know only its id.
func (s *Service) withName(a *storage.Alert) map[string]string {
	out := map[string]string{}
	maps.Copy(out, a.Annotations)
	if a.ServerID != nil {
		out["server_name"] = s.name(a)
	}
	return out
}
