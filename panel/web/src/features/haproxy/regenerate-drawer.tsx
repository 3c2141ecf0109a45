import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../components/button'
import { Drawer } from '../../components/drawer'
import { Checkbox } from '../../components/field'
import { notify } from '../../components/toast'
import { Diff, Problem } from './parts'
import { apply, base, type FileChange, preview, useRefresh, useSubmit } from './queries'

/** Writes everything outside of the rules anew, after a look at what that takes away. */
export function RegenerateDrawer({ id, onClose }: { id: number; onClose: () => void }) {
  const { t } = useTranslation('haproxy')
  const refresh = useRefresh(id)
  const { busy, error, run } = useSubmit()
  const [keep, setKeep] = useState(true)
  const change: FileChange = { method: 'post', path: `${base(id)}/config/regenerate?preserve_rules=${keep}` }
  const seen = useQuery({ queryKey: ['haproxy', id, 'regenerate', keep], queryFn: () => preview(id, change), placeholderData: keepPreviousData, retry: false, gcTime: 0, refetchOnWindowFocus: false })
  const submit = () => void run(async () => {
    try {
      await apply(change, seen.data!.hash)
      notify.success(t('regenerate.done'))
      onClose()
    } finally {
      refresh()
    }
  })
  const ready = seen.isSuccess && !seen.isPlaceholderData
  return (
    <Drawer open wide onOpenChange={(open) => !open && !busy && onClose()} title={t('regenerate.title')} onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" disabled={busy} onClick={onClose}>{t('cancel')}</Button>
          <Button kind="danger-solid" type="submit" disabled={!ready || seen.data.before === seen.data.after} busy={busy && t('busy')}>{t('regenerate.do')}</Button>
        </>
      }>
      <div className="hform">
        <p className="t2">{t('regenerate.text')}</p>
        <Checkbox checked={keep} onChange={(e) => setKeep(e.target.checked)} label={t('regenerate.keep')} note={t(keep ? 'regenerate.keepNote' : 'regenerate.loseNote')} />
        {seen.isPending ? <span className="sk sk-late" aria-busy="true" style={{ height: 160 }} /> : seen.data && ready && <Diff before={seen.data.before} after={seen.data.after} />}
        <Problem error={error ?? (seen.isError ? seen.error : null)} />
      </div>
    </Drawer>
  )
}
