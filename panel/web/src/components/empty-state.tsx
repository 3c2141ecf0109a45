import type { ReactNode } from 'react'

interface EmptyStateProps {
  title: string
  /** Why it is empty and what to do. */
  text?: ReactNode
  /** One button. */
  action?: ReactNode
  icon?: ReactNode
}

export function EmptyState({ title, text, action, icon }: EmptyStateProps) {
  return (
    <div className="void">
      {icon && <span className="mb-0.5 text-text3">{icon}</span>}
      <h3>{title}</h3>
      {text && <p>{text}</p>}
      {action && <div className="void-a">{action}</div>}
    </div>
  )
}
