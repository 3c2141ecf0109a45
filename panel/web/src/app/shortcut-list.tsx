import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import { Drawer } from '../components/drawer'
import { keyLabels, useRegisteredCommands, useShortcutsOn } from '../lib/commands'

/** The keys that work on the page in view. */
export function ShortcutList({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const { t } = useTranslation('app')
  const on = useShortcutsOn()
  const commands = useRegisteredCommands().filter((c) => c.keys)
  return (
    <Drawer open={open} onOpenChange={onOpenChange} title={t('keys.title')}>
      {!on && <p className="mb-3 text-text2">{t('keys.off')}</p>}
      <dl className="grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-2">
        <dt><kbd>{t('ctrlK')}</kbd></dt>
        <dd>{t('keys.palette')}</dd>
        {commands.map((c) => (
          <Fragment key={c.id}>
            <dt className="flex gap-1">{keyLabels(c.keys ?? '').map((k) => <kbd key={k}>{k}</kbd>)}</dt>
            <dd>{c.label}</dd>
          </Fragment>
        ))}
      </dl>
    </Drawer>
  )
}
