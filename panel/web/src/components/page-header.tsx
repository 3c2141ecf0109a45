import { type ReactNode, useEffect } from 'react'
import { useTranslation } from 'react-i18next'

interface PageHeaderProps {
  title: string
  /** Title of the browser tab when it differs. */
  tab?: string
  /** Filters or identity, after the heading. */
  children?: ReactNode
  /** On the right, the main action last. */
  actions?: ReactNode
}

/** The heading row of a page; it does not scroll. Put the rest into <PageBody>. */
export function PageHeader({ title, tab, children, actions }: PageHeaderProps) {
  useTitle(tab ?? title)
  return (
    <header className="head">
      <h1>{title}</h1>
      {children}
      <span className="hidden flex-1 md:block" />
      {actions}
    </header>
  )
}

/** The scrolling part of a page. */
export function PageBody({ children, className = '' }: { children: ReactNode; className?: string }) {
  return (
    <main id="content" tabIndex={0} className="scroll">
      <div className={`stack ${className}`.trim()}>{children}</div>
    </main>
  )
}

/** Title of the browser tab: "Settings · Monitoring". */
export function useTitle(title: string): void {
  const { t } = useTranslation('components')
  const product = t('product')
  useEffect(() => {
    document.title = title ? `${title} · ${product}` : product
  }, [title, product])
}
