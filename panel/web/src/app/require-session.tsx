import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Navigate, useLocation } from 'react-router'
import { EmptyState } from '../components/empty-state'
import { Button } from '../components/button'
import { sessionQuery } from '../lib/session'

/** Shows pages to who is signed in and leads others to the login, from where they come back. */
export function RequireSession({ children }: { children: ReactNode }) {
  const { t } = useTranslation('app')
  const { t: common } = useTranslation('components')
  const location = useLocation()
  const session = useQuery(sessionQuery)
  if (session.data?.authenticated) return children
  if (session.data) {
    const next = location.pathname + location.search
    return <Navigate to={next === '/' ? '/login' : `/login?next=${encodeURIComponent(next)}`} replace />
  }
  if (!session.isError) return null
  return (
    <main className="grid h-dvh place-items-center">
      <div>
        <EmptyState title={t('start.title')} text={t('start.text')} action={<Button onClick={() => void session.refetch()} busy={session.isFetching && common('loading')}>{common('retry')}</Button>} />
      </div>
    </main>
  )
}
