import type { AuditEntry } from '../api/types'

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
  'POST /api/operations': 'queue',
  'DELETE /api/operations/{id}': 'unqueue',
  'POST /api/operations/{id}/deliver': 'deliver',
  ...under('/api/proxy/{id}/haproxy', {
    'POST /install': 'installHAProxy', 'POST /start': 'startHAProxy', 'POST /stop': 'stopHAProxy', 'POST /restart': 'restartHAProxy', 'POST /reload': 'reloadHAProxy', 'POST /validate': 'checkHAProxy',
    'POST /rules': 'addRule', 'PUT /rules/{name}': 'changeRule', 'DELETE /rules/{name}': 'deleteRule', 'POST /servers/{backend}/{server}': 'serverState',
    'POST /config/apply': 'applyConfig', 'POST /config/regenerate': 'newBase',
    'POST /certs/generate': 'issueCert', 'POST /certs/upload': 'uploadCert', 'POST /certs/renew': 'renewCerts', 'POST /certs/{domain}/renew': 'renewCert', 'DELETE /certs/{domain}': 'deleteCert',
    'POST /certs/cron/enable': 'renewalOn', 'POST /certs/cron/disable': 'renewalOff',
    'POST /firewall/rule': 'firewall', 'DELETE /firewall/rule/{number}': 'firewall', 'POST /firewall/allow': 'firewall', 'POST /firewall/deny': 'firewall', 'DELETE /firewall/{port}': 'firewall',
    'POST /firewall/enable': 'firewallOn', 'POST /firewall/disable': 'firewallOff', 'POST /firewall/changes/{change}/keep': 'firewallKept', 'POST /firewall/changes/{change}/revert': 'firewallReverted',
  }),
}

/** Actions that have a path in common. */
function under(base: string, actions: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(actions).map(([action, key]) => [action.replace(' ', ` ${base}`), key]))
}

/** Key of the action's words below "action", or null. Patterns may end in a slash. */
export function actionKey(action: string): string | null {
  if (action.startsWith('change ')) return 'change' // by a job over many servers, or when a server was back
  if (action.endsWith('?dry_run=true')) return 'checkHAProxy' // nothing else has dry runs
  return known[action] ?? known[action.replace(/\/$/, '')] ?? null
}

export type Outcome = 'done' | 'refused' | 'dropped' | 'failed'

/** Without a status: a dropped request of a stranger, or something that was no request at all. */
export function outcome(entry: Pick<AuditEntry, 'status' | 'actor'>): Outcome {
  if (entry.status === 0) return entry.actor === 'cli' || entry.actor === 'panel' ? 'done' : 'dropped'
  if (entry.status < 400) return 'done'
  return entry.status < 500 ? 'refused' : 'failed'
}
