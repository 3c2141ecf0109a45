import type { Quantity as Q } from '../lib/format'

/** A figure with its unit, which is smaller and quieter: <Value of={f.rate(bits)} />. */
export function Value({ of }: { of: Q }) {
  return (
    <span className={of.unit ? 'whitespace-nowrap' : 'whitespace-nowrap text-text3'}>
      {of.value}
      {of.unit && <span className="u">{of.unit}</span>}
    </span>
  )
}
