export interface FieldOf {
  name: string
  type: 'text' | 'number' | 'area' | 'choice' | 'check'
  options?: readonly string[]
  /** Left out of the request when empty. */
  optional?: boolean
}

export interface Action {
  id: string
  method: 'POST' | 'DELETE'
  /** Below api/bulk/. */
  path: string
  /** Its name in the queue of operations. */
  kind: string
  fields: FieldOf[]
  /** Sent to the queue beside the fields: there the path does not tell it. */
  fixed?: Record<string, string>
}

export type Values = Record<string, string | boolean>

const port: FieldOf = { name: 'port', type: 'number' }
const target: FieldOf[] = [{ name: 'listen_port', type: 'number' }, { name: 'target_ip', type: 'text' }, { name: 'target_port', type: 'number' }]
const service = (action: string): Action => ({ id: action, method: 'POST', path: `haproxy/${action}`, kind: 'haproxy_service', fields: [], fixed: { action } })

/** What can be done on many servers, by tab. */
export const tabs = {
  command: [{ id: 'execute', method: 'POST', path: 'terminal/execute', kind: 'command', fields: [{ name: 'command', type: 'area' }, { name: 'shell', type: 'choice', options: ['bash', 'sh'] }, { name: 'timeout', type: 'number' }] }],
  service: [service('restart'), service('start'), service('stop')],
  rules: [
    { id: 'add', method: 'POST', path: 'haproxy/rules', kind: 'haproxy_rule_add', fields: [{ name: 'name', type: 'text' }, { name: 'rule_type', type: 'choice', options: ['tcp', 'https'] }, ...target, { name: 'cert_domain', type: 'text', optional: true }, { name: 'target_ssl', type: 'check' }, { name: 'send_proxy', type: 'check' }] },
    { id: 'remove', method: 'DELETE', path: 'haproxy/rules', kind: 'haproxy_rule_remove', fields: target },
  ],
  config: [{ id: 'replace', method: 'POST', path: 'haproxy/config', kind: 'haproxy_config', fields: [{ name: 'config_content', type: 'area' }] }],
  traffic: [
    { id: 'add', method: 'POST', path: 'traffic/ports', kind: 'traffic_port_add', fields: [port] },
    { id: 'remove', method: 'DELETE', path: 'traffic/ports', kind: 'traffic_port_remove', fields: [port] },
  ],
  firewall: [
    { id: 'add', method: 'POST', path: 'firewall/rules', kind: 'firewall_rule_add', fields: [{ name: 'action', type: 'choice', options: ['allow', 'deny', 'reject', 'limit'] }, port, { name: 'protocol', type: 'choice', options: ['any', 'tcp', 'udp'] }, { name: 'direction', type: 'choice', options: ['in', 'out'] }, { name: 'from_ip', type: 'text', optional: true }] },
    { id: 'remove', method: 'DELETE', path: 'firewall/rules', kind: 'firewall_rule_remove', fields: [port] },
  ],
} satisfies Record<string, Action[]>

export type Tab = keyof typeof tabs
export const tabNames = Object.keys(tabs) as Tab[]

/** The fields of an action as the panel wants them. */
export function payload(action: Action, values: Values): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const { name, type, options, optional } of action.fields) {
    const value = values[name] ?? (type === 'check' ? false : (options?.[0] ?? (name === 'timeout' ? '30' : '')))
    if (optional && value === '') continue
    out[name] = type === 'number' ? Number(value) : value
  }
  return out
}

/** Everything that must be given is given. */
export const complete = (action: Action, values: Values): boolean =>
  Object.values(payload(action, values)).every((v) => (typeof v === 'string' ? v.trim() !== '' : typeof v === 'number' ? v > 0 : true))
