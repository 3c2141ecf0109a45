import type { AuditEntry } from '../../api/types'

/** Actions that have words of their own: route patterns and the panel's verbs. Others are shown as they are. */
const known: Record<string, string> = {
  login: 'login',
  ban: 'ban',
  'POST /api/auth/login': 'login',
  'POST /api/auth/logout': 'logout',
  'PUT /api/auth/password': 'password',
  'DELETE /api/auth/sessions': 'endSessions',
  'DELETE /api/auth/sessions/{id}': 'endSession',
  'POST /api/auth/clear-ban': 'clearBan',
  'DELETE /api/auth/clear-all-bans': 'clearBan',
  'POST /api/tokens': 'createToken',
  'DELETE /api/tokens/{id}': 'deleteToken',
  'PUT /api/settings/{key}': 'setting',
  'POST /api/servers': 'addServer',
  'POST /api/servers/bulk': 'addServers',
  'PUT /api/servers/{id}': 'changeServer',
  'DELETE /api/servers/{id}': 'deleteServer',
  'POST /api/servers/{id}/test': 'testServer',
  'POST /api/servers/{id}/install': 'installToken',
  'POST /api/servers/reorder': 'reorder',
  'POST /api/servers/move-to-folder': 'move',
  'POST /api/servers/folders': 'addFolder',
  'POST /api/servers/folders/rename': 'renameFolder',
  'POST /api/servers/folders/reorder': 'reorder',
  'DELETE /api/servers/folders/{name}': 'deleteFolder',
}

/** Key of the action's words below "action", or null. Patterns may end in a slash. */
export function actionKey(action: string): string | null {
  return known[action] ?? known[action.replace(/\/$/, '')] ?? null
}

export type Outcome = 'done' | 'refused' | 'dropped' | 'failed'

/** Without a status: a dropped request of a stranger, or something that was no request at all. */
export function outcome(entry: Pick<AuditEntry, 'status' | 'actor'>): Outcome {
  if (entry.status === 0) return entry.actor === 'cli' || entry.actor === 'panel' ? 'done' : 'dropped'
  if (entry.status < 400) return 'done'
  return entry.status < 500 ? 'refused' : 'failed'
}
