import type { Tone } from './lane'

/** The mark of an event as it stands on the lane; the words are beside it. */
export function EventGlyph({ alert, tone }: { alert: boolean; tone: Tone }) {
  return (
    <svg className={`event-glyph ${tone}`} viewBox="0 0 10 10" aria-hidden>
      <path d={alert ? 'M5 .5 9.7 9.2H.3Z' : 'M5 .2 9.8 5 5 9.8 .2 5Z'} fill="currentColor" />
    </svg>
  )
}
