package metrics

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"monitoring/panel/change"
	"monitoring/panel/fleet"
	"monitoring/storage"
	"monitoring/words"
)

// made is what an action of the audit log did to a server. Details of secret ones, such as a command line, are for those
// who may read the log.
type made struct {
	title   words.Sentence // empty: the detail of the entry decides
	haproxy bool           // it may make a new process of HAProxy
	secret  bool
}

const serverPath, proxyPath = "/api/servers/{id}", "/api/proxy/{id}"

// actions are those that change something on a server. The test holds them to the list of routes.
var actions = map[string]made{
	"PUT " + serverPath: {}, // see details

	"POST " + proxyPath + "/haproxy/start":                      {title: words.Say("HAProxy started"), haproxy: true},
	"POST " + proxyPath + "/haproxy/stop":                       {title: words.Say("HAProxy stopped"), haproxy: true},
	"POST " + proxyPath + "/haproxy/restart":                    {title: words.Say("HAProxy restarted"), haproxy: true},
	"POST " + proxyPath + "/haproxy/reload":                     {title: words.Say("HAProxy reloaded"), haproxy: true},
	"POST " + proxyPath + "/haproxy/install":                    {title: words.Say("HAProxy installed"), haproxy: true},
	"POST " + proxyPath + "/haproxy/rules":                      {title: words.Say("HAProxy rule added"), haproxy: true},
	"PUT " + proxyPath + "/haproxy/rules/{name}":                {title: words.Say("HAProxy rule changed"), haproxy: true},
	"DELETE " + proxyPath + "/haproxy/rules/{name}":             {title: words.Say("HAProxy rule removed"), haproxy: true},
	"POST " + proxyPath + "/haproxy/servers/{backend}/{server}": {title: words.Say("HAProxy backend switched")},
	"POST " + proxyPath + "/haproxy/config/apply":               {title: words.Say("HAProxy configuration replaced"), haproxy: true},
	"POST " + proxyPath + "/haproxy/config/regenerate":          {title: words.Say("HAProxy configuration made anew"), haproxy: true},

	"POST " + proxyPath + "/haproxy/certs/generate":       {title: words.Say("certificate issued"), haproxy: true},
	"POST " + proxyPath + "/haproxy/certs/upload":         {title: words.Say("certificate uploaded"), haproxy: true},
	"POST " + proxyPath + "/haproxy/certs/renew":          {title: words.Say("certificates renewed"), haproxy: true},
	"POST " + proxyPath + "/haproxy/certs/{domain}/renew": {title: words.Say("certificate renewed"), haproxy: true},
	"DELETE " + proxyPath + "/haproxy/certs/{domain}":     {title: words.Say("certificate deleted"), haproxy: true},
	"POST " + proxyPath + "/haproxy/certs/cron/enable":    {title: words.Say("renewal of certificates switched on")},
	"POST " + proxyPath + "/haproxy/certs/cron/disable":   {title: words.Say("renewal of certificates switched off")},

	"POST " + proxyPath + "/haproxy/firewall/allow":                   {title: words.Say("firewall rule added")},
	"POST " + proxyPath + "/haproxy/firewall/deny":                    {title: words.Say("firewall rule added")},
	"POST " + proxyPath + "/haproxy/firewall/rule":                    {title: words.Say("firewall rule added")},
	"DELETE " + proxyPath + "/haproxy/firewall/{port}":                {title: words.Say("firewall rules removed")},
	"DELETE " + proxyPath + "/haproxy/firewall/rule/{number}":         {title: words.Say("firewall rule removed")},
	"POST " + proxyPath + "/haproxy/firewall/enable":                  {title: words.Say("firewall switched on")},
	"POST " + proxyPath + "/haproxy/firewall/disable":                 {title: words.Say("firewall switched off")},
	"POST " + proxyPath + "/haproxy/firewall/changes/{change}/revert": {title: words.Say("firewall change reverted")},

	"POST " + proxyPath + "/power":                        {}, // see details
	"POST " + proxyPath + "/power/processes/{pid}/signal": {title: words.Say("signal sent to a process")},
	"POST " + proxyPath + "/system/execute":               {title: words.Say("command run"), secret: true},
	"POST " + proxyPath + "/system/execute-stream":        {title: words.Say("command run"), secret: true},
	"POST " + proxyPath + "/terminal":                     {title: words.Say("shell opened")},
	"POST " + proxyPath + "/traffic/ports/add":            {title: words.Say("counting of a port begun")},
	"POST " + proxyPath + "/traffic/ports/remove":         {title: words.Say("counting of a port ended")},

	change.AuditAction(change.KindHAProxyService):    {title: words.Say("HAProxy started, stopped or reloaded"), haproxy: true},
	change.AuditAction(change.KindHAProxyRule):       {title: words.Say("HAProxy rule added"), haproxy: true},
	change.AuditAction(change.KindHAProxyRuleUpdate): {title: words.Say("HAProxy rule changed"), haproxy: true},
	change.AuditAction(change.KindHAProxyRuleRemove): {title: words.Say("HAProxy rule removed"), haproxy: true},
	change.AuditAction(change.KindHAProxyConfig):     {title: words.Say("HAProxy configuration replaced"), haproxy: true},
	change.AuditAction(change.KindTrafficPort):       {title: words.Say("counting of a port begun")},
	change.AuditAction(change.KindTrafficPortRemove): {title: words.Say("counting of a port ended")},
	change.AuditAction(change.KindFirewallRule):      {title: words.Say("firewall rule added")},
	change.AuditAction(change.KindFirewallDelete):    {title: words.Say("firewall rule removed")},
	change.AuditAction(change.KindFirewallRemove):    {title: words.Say("firewall rules removed")},
	change.AuditAction(change.KindCommand):           {title: words.Say("command run"), secret: true},
}

// details are the titles of entries whose action alone does not tell enough. Other details, such as a new name, show in no
// chart.
var details = map[string]words.Sentence{
	fleet.AuditMonitoring(true):  words.Say("monitoring enabled"),
	fleet.AuditMonitoring(false): words.Say("monitoring disabled"),
	"reboot":                     words.Say("reboot asked for"),
	"shutdown":                   words.Say("shutdown asked for"),
}

// changes returns what was changed on a server in a span, by a person or by the panel for one.
func (s *Service) changes(ctx context.Context, server int64, sp span) ([]ServerEvent, error) {
	list, err := s.store.AuditEntries(ctx, storage.AuditFilter{
		ServerID: server, From: sp.from, To: sp.to, Actions: slices.Collect(maps.Keys(actions)), Done: true, Limit: maxEvents + 1,
	})
	if err != nil {
		return nil, err
	}
	events := []ServerEvent{}
	for _, entry := range list {
		a := actions[entry.Action]
		e := ServerEvent{Kind: eventChange, Time: entry.At.UnixMilli(), Title: a.title, Actor: entry.Actor, AuditID: entry.ID, restartsHAProxy: a.haproxy}
		switch {
		case a.title.English == "":
			e.Title = details[entry.Detail]
		case !a.secret:
			e.Detail = detailOf(entry, server)
		}
		if e.Title.English != "" {
			events = append(events, e)
		}
	}
	return events, nil
}

// detailOf is on what it was done. The target of many entries begins with the id of the server, or is no more than it.
func detailOf(entry storage.AuditEntry, server int64) string {
	fields := strings.Fields(entry.Target + " " + entry.Detail)
	if len(fields) > 0 && fields[0] == strconv.FormatInt(server, 10) {
		fields = fields[1:]
	}
	return strings.Join(fields, " ")
}
