import type { ActiveAlert } from '../../api/types'
import type { GlyphState } from '../../components/state-glyph'

export type Grouping = 'cause' | 'server'

export interface AlertGroup {
  key: string
  alerts: ActiveAlert[]
}

/** One broken provider gives one group, not thirty rows: alerts of one name, or of one server; the order is the panel's. */
export function groupAlerts(alerts: ActiveAlert[], by: Grouping): AlertGroup[] {
  const groups = new Map<string, ActiveAlert[]>()
  for (const a of alerts) {
    const key = by === 'cause' ? a.alertname : (a.server_ids[0] ?? 'panel').toString()
    groups.set(key, [...(groups.get(key) ?? []), a])
  }
  return [...groups].map(([key, list]) => ({ key, alerts: list }))
}

export function glyphOf(type: string, severity: string): GlyphState {
  if (type === 'offline' || type === 'AgentDown') return 'offline'
  if (type === 'recovery') return 'online'
  return severity === 'critical' ? 'critical' : severity === 'warning' ? 'attention' : 'online'
}
