import type { LucideIcon } from 'lucide-react'
import { useRef } from 'react'

export interface SegmentedOption<T extends string> {
  value: T
  label: string
  /** Shown instead of the word, which becomes its name and title. */
  icon?: LucideIcon
}

interface SegmentedProps<T extends string> {
  label: string
  value: T | null
  options: SegmentedOption<T>[]
  onChange: (value: T) => void
}

/** Two to five exclusive choices that take effect at once: a radio group, arrow keys move. */
export function Segmented<T extends string>({ label, value, options, onChange }: SegmentedProps<T>) {
  const group = useRef<HTMLDivElement>(null)
  const move = (event: React.KeyboardEvent, index: number) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
    if (!step) return
    event.preventDefault()
    const next = (index + step + options.length) % options.length
    onChange(options[next]!.value)
    group.current?.querySelectorAll('button')[next]?.focus()
  }
  const chosen = options.findIndex((o) => o.value === value)
  return (
    <div ref={group} className="seg" role="radiogroup" aria-label={label}>
      {options.map(({ value: v, label: name, icon: Icon }, i) => (
        <button key={v} type="button" role="radio" aria-checked={v === value} aria-label={Icon ? name : undefined} title={Icon ? name : undefined}
          tabIndex={i === Math.max(0, chosen) ? 0 : -1} className={Icon ? 'ic' : undefined} onClick={() => onChange(v)} onKeyDown={(e) => move(e, i)}>
          {Icon ? <Icon size={16} aria-hidden /> : name}
        </button>
      ))}
    </div>
  )
}
