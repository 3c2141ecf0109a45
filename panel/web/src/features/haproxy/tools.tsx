import { Ellipsis, FileCheck, FileCog, ScrollText } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { IconButton } from '../../components/button'
import { Menu } from '../../components/menu'
import { notify } from '../../components/toast'
import { LogsDrawer } from './logs-drawer'
import { useProblem } from './parts'
import { checkFile, useRefresh } from './queries'
import { RegenerateDrawer } from './regenerate-drawer'

/** What is wanted rarely: a look at the log, a check of the file, a new base. */
export function Tools({ id, name, offline, readOnly }: { id: number; name: string; offline: boolean; readOnly: boolean }) {
  const { t } = useTranslation('haproxy')
  const refresh = useRefresh(id)
  const problem = useProblem()
  const [open, setOpen] = useState<'logs' | 'regenerate' | null>(null)
  const check = async () => {
    try {
      const { valid, message } = await checkFile(id)
      if (valid) notify.success(t('tools.valid'), message.includes('[WARNING]') ? message : undefined)
      else notify.error(t('tools.invalid'), message)
    } catch (error) {
      notify.error(t('service.failed'), problem(error))
    }
    refresh()
  }
  return (
    <>
      <Menu trigger={<IconButton icon={Ellipsis} size="small" kind="plain" label={t('tools.menu')} />} items={[
        { label: t('tools.logs'), icon: ScrollText, disabled: offline, onSelect: () => setOpen('logs') },
        { label: t('tools.check'), icon: FileCheck, disabled: offline, onSelect: () => void check() },
        { label: t('tools.regenerate'), icon: FileCog, danger: true, separated: true, disabled: offline || readOnly, onSelect: () => setOpen('regenerate') },
      ]} />
      {open === 'logs' && <LogsDrawer id={id} name={name} onClose={() => setOpen(null)} />}
      {open === 'regenerate' && <RegenerateDrawer id={id} onClose={() => setOpen(null)} />}
    </>
  )
}
