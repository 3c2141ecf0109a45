import type { ReactNode } from 'react'

export type Tone = 'plain' | 'ok' | 'warn' | 'crit' | 'accent'

const tones: Record<Tone, string> = { plain: '', ok: 'ok', warn: 'warn', crit: 'crit', accent: 'acc' }

/** A state or a count in words. */
export function Pill({ tone = 'plain', title, children }: { tone?: Tone; title?: string; children: ReactNode }) {
  return <span className={`pill ${tones[tone]}`.trim()} title={title}>{children}</span>
}

/** A type of three to five letters, always explained by its title. */
export function Tag({ title, children }: { title: string; children: ReactNode }) {
  return <span className="tag" title={title}>{children}</span>
}
