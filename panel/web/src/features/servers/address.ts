/** Addresses of agents as people type them: host, host:port or an https URL. */

export const agentPort = 9100

const longest = 500

export type AddressProblem = 'missing' | 'scheme' | 'port' | 'host'

export interface Address {
  /** Without brackets around IPv6. */
  host: string
  port: number
  /** As the panel keeps it: https://host:port */
  url: string
}

/** Reads an address by the panel's rules, so that a mistake is told before anything is sent. */
export function readAddress(raw: string): Address | AddressProblem {
  const text = raw.trim()
  if (!text) return 'missing'
  if (text.length > longest) return 'host'
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(text)
  if (scheme && scheme[1]!.toLowerCase() !== 'https') return 'scheme'
  const rest = text.slice(scheme?.[0].length ?? 0).replace(/\/+$/, '')
  const parts = split(rest, !scheme)
  if (!parts) return 'host'
  const port = parts.port === '' ? agentPort : /^\d{1,5}$/.test(parts.port) ? Number(parts.port) : 0
  if (port < 1 || port > 65535) return 'port'
  const v6 = parts.host.includes(':')
  if (v6 ? !isIPv6(parts.host) : !isHost(parts.host)) return 'host'
  return { host: parts.host, port, url: `https://${v6 ? `[${parts.host}]` : parts.host}:${port}` }
}

function split(text: string, bareV6: boolean): { host: string; port: string } | null {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text)
  if (bracketed) return { host: bracketed[1]!, port: bracketed[2] ?? '' }
  const colons = text.split(':').length - 1
  if (colons > 1) return bareV6 ? { host: text, port: '' } : null
  const [host = '', port = ''] = text.split(':')
  return { host, port }
}

function isIPv6(host: string): boolean {
  return /^[\da-f:.]+$/i.test(host) && URL.canParse(`https://[${host}]`)
}

function isHost(host: string): boolean {
  const labels = host.replace(/\.$/, '').split('.')
  if (host.length > 253 || !labels.every((l) => /^[\w\u0080-\u{10ffff}-]{1,63}$/u.test(l) && !l.startsWith('-') && !l.endsWith('-'))) return false
  // A name cannot end in a number: 203.0.113 and 203.0.113.256 are mistyped addresses.
  return !/^\d+$/.test(labels.at(-1)!) || (labels.length === 4 && labels.every((l) => /^\d{1,3}$/.test(l) && Number(l) < 256))
}

/** host:port, without the scheme that all have. */
export const shortAddress = (url: string): string => url.replace(/^https:\/\//, '')
