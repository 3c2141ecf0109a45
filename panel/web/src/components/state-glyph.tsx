import { useTranslation } from 'react-i18next'
import type { ServerState } from '../lib/fleet'

export type GlyphState = ServerState | 'critical'

const shapes: Record<GlyphState, React.ReactNode> = {
  online: <circle cx="5" cy="5" r="3.6" fill="currentColor" />,
  attention: <path d="M5 .8 9.7 9.2H.3Z" fill="currentColor" />,
  offline: <path d="M1.6 1.6 8.4 8.4M8.4 1.6 1.6 8.4" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" />,
  critical: <path d="M5 .2 9.8 5 5 9.8 .2 5Z" fill="currentColor" />,
  disabled: <circle cx="5" cy="5" r="3.5" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  loading: <circle cx="5" cy="5" r="3.5" fill="none" stroke="currentColor" strokeWidth="1.6" strokeDasharray="1.8 1.8" />,
}

/** A state as a shape: dot, triangle, cross, diamond, ring. Colour comes second. `quiet` is for use beside the word. */
export function StateGlyph({ state, quiet = false }: { state: GlyphState; quiet?: boolean }) {
  const { t } = useTranslation('components')
  const name = t(`state.${state}`)
  return (
    <span className={`st st-${state}`} {...(quiet ? { 'aria-hidden': true } : { role: 'img', 'aria-label': name, title: name })}>
      <svg viewBox="0 0 10 10">{shapes[state]}</svg>
    </span>
  )
}
