/** Which text explains how far the panel got on its way to an agent. */

export const stageKeys = ['dns', 'refused', 'silent', 'tcp', 'tls', 'identity', 'http', 'unknown'] as const
export type StageKey = (typeof stageKeys)[number]

const refused = 502

/** A closed port and one that never answers need different cures; only a test tells them apart. */
export function stageKey(r: { stage?: string; status?: string; code?: number }): StageKey {
  switch (r.stage) {
    case 'tcp':
      return r.code === refused ? 'refused' : r.status === 'timeout' ? 'silent' : 'tcp'
    case 'dns':
    case 'tls':
    case 'identity':
    case 'http':
      return r.stage
    default:
      return 'unknown'
  }
}
