import { missing, type Quantity as Q } from '../lib/format'

/** A figure with its unit, which is smaller and quieter: <Value of={f.rate(bits)} />. */
export function Value({ of }: { of: Q }) {
  return (
    <span className={of.value === missing ? 'whitespace-nowrap text-text3' : 'whitespace-nowrap'}>
      {of.value}
      {of.unit && <span className="u">{of.unit}</span>}
    </span>
  )
}
