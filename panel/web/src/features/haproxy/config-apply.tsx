import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { HAProxyChanged } from '../../api/types'
import { Button } from '../../components/button'
import { Drawer } from '../../components/drawer'
import { Checkbox } from '../../components/field'
import { notify } from '../../components/toast'
import { Diff, Problem } from './parts'
import { useSubmit } from './queries'

interface ConfigApplyProps {
  before: string
  after: string
  onApply: (reload: boolean) => Promise<HAProxyChanged>
  onDone: () => void
  onClose: () => void
}

/** The last look at a change of the file before it is made. */
export function ConfigApply({ before, after, onApply, onDone, onClose }: ConfigApplyProps) {
  const { t } = useTranslation('haproxy')
  const { busy, error, run } = useSubmit()
  const [reload, setReload] = useState(true)
  const submit = () => void run(async () => {
    try {
      const done = await onApply(reload)
      notify.success(t(done.reloaded ? 'editor.reloaded' : 'editor.saved'), done.code === 'saved_not_running' ? t('editor.notRunning') : undefined)
      onClose()
    } finally {
      onDone()
    }
  })
  return (
    <Drawer open wide onOpenChange={(open) => !open && !busy && onClose()} title={t('editor.applyTitle')} onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" disabled={busy} onClick={onClose}>{t('form.back')}</Button>
          <Button kind="main" type="submit" busy={busy && t('busy')}>{t(reload ? 'editor.applyReload' : 'editor.applyOnly')}</Button>
        </>
      }>
      <div className="hform">
        <p className="t2">{t('diff.text')}</p>
        <Diff before={before} after={after} />
        <Checkbox checked={reload} onChange={(e) => setReload(e.target.checked)} label={t('editor.reload')} note={t(reload ? 'editor.reloadNote' : 'editor.laterNote')} />
        <Problem error={error} />
      </div>
    </Drawer>
  )
}
