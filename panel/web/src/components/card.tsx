import type { ReactNode } from 'react'

interface CardProps {
  title?: ReactNode
  /** Quiet text after the title: a count, a note. */
  note?: ReactNode
  actions?: ReactNode
  /** Without padding, for tables. */
  flush?: boolean
  children: ReactNode
  className?: string
}

export function Card({ title, note, actions, flush, children, className = '' }: CardProps) {
  return (
    <section className={`card ${className}`.trim()}>
      {(title || actions) && (
        <div className="card-h">
          {title && <h2>{title}</h2>}
          {note && <span className="text-text3">{note}</span>}
          <span className="grow" />
          {actions}
        </div>
      )}
      <div className={flush ? 'card-b flush' : 'card-b'}>{children}</div>
    </section>
  )
}

/** Several figures in one frame, divided by hairlines. Columns are CSS grid columns. */
export function Strip({ label, columns, children, className = '' }: { label: string; columns?: string; children: ReactNode; className?: string }) {
  return <section className={`strip ${className}`.trim()} aria-label={label} style={columns ? { gridTemplateColumns: columns } : undefined}>{children}</section>
}

/** One figure of a strip: its name, the value, and a line below. */
export function Figure({ label, value, note, children }: { label: ReactNode; value: ReactNode; note?: ReactNode; children?: ReactNode }) {
  return (
    <div className="kpi">
      <div className="l">{label}</div>
      <div className="v">{value}</div>
      {note && <div className="m">{note}</div>}
      {children}
    </div>
  )
}
