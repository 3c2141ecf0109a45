import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { useBlocker } from 'react-router'
import { Button } from '../../components/button'
import { Dialog } from '../../components/dialog'

/** Asks before a change of the file is lost with the page. */
export function ConfigGuard({ dirty }: { dirty: boolean }) {
  const { t } = useTranslation('haproxy')
  const blocker = useBlocker(({ currentLocation, nextLocation }) => dirty && currentLocation.pathname !== nextLocation.pathname)
  useEffect(() => {
    if (!dirty) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [dirty])
  return (
    <Dialog open={blocker.state === 'blocked'} onOpenChange={(open) => !open && blocker.reset?.()} title={t('editor.leaveTitle')} description={t('editor.leaveText')}
      footer={
        <>
          <Button kind="danger" onClick={() => blocker.proceed?.()}>{t('editor.leave')}</Button>
          <Button kind="main" autoFocus onClick={() => blocker.reset?.()}>{t('editor.stay')}</Button>
        </>
      } />
  )
}
