import { useTranslation } from 'react-i18next'
import { useRouteError } from 'react-router'
import { Button, LinkButton } from '../components/button'
import { CopyButton } from '../components/copy-button'
import { EmptyState } from '../components/empty-state'
import { PageBody, PageHeader, useTitle } from '../components/page-header'

export function NotFound() {
  const { t } = useTranslation('app')
  return (
    <>
      <PageHeader title={t('notFound.title')} />
      <PageBody><EmptyState title={t('notFound.title')} text={t('notFound.text')} action={<LinkButton to="/">{t('notFound.back')}</LinkButton>} /></PageBody>
    </>
  )
}

/** A page that threw. */
export function Crash() {
  const { t } = useTranslation('app')
  const { t: common } = useTranslation('components')
  const error = useRouteError()
  useTitle(t('crash.title'))
  const details = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error)
  return (
    <main className="grid h-full min-h-60 place-items-center">
      <div>
        <EmptyState title={t('crash.title')} text={t('crash.text')} action={
          <>
            <Button kind="main" onClick={() => location.reload()}>{t('crash.reload')}</Button>
            <CopyButton word size="normal" text={details} label={common('copyDetails')} />
          </>
        } />
      </div>
    </main>
  )
}
