import { useFormat } from '../lib/use-format'
import type { Counted } from './counts'

/** The number beside an entry of the menu; none for zero. */
export function Count({ value }: { value: Counted | undefined }) {
  const f = useFormat()
  if (!value || value.count === 0) return null
  return <span className={value.urgent ? 'n crit' : 'n'} title={value.title}>{f.count(value.count)}</span>
}
