import { Plus } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button, LinkButton } from '../../components/button'
import { CopyButton } from '../../components/copy-button'
import { Drawer } from '../../components/drawer'
import { Segmented } from '../../components/segmented'
import { AddListForm, allCommands } from './add-list-form'
import { JoinStep } from './join-step'
import { PresetChoice } from './preset-choice'
import { ServerFields } from './server-fields'
import { useAddList } from './use-add-list'
import { useAddOne } from './use-add-one'

export type AddTab = 'one' | 'list'

/** Adds one server and watches it join, or many from a pasted list. Both keep what was typed while the other is shown. */
export function AddDrawer({ tab, onTab, onClose }: { tab: AddTab; onTab: (tab: AddTab) => void; onClose: () => void }) {
  const { t } = useTranslation('servers')
  const one = useAddOne()
  const list = useAddList()
  const joining = tab === 'one' && one.created
  const submit = tab === 'list' ? list.send : one.created ? undefined : one.submit
  return (
    <Drawer open onOpenChange={(open) => !open && onClose()} title={joining ? t('join.title', { name: joining.server.name }) : t('add.title')} dirty={one.dirty || list.dirty}
      onSubmit={submit && (() => void submit())} footer={<Footer tab={tab} one={one} list={list} onClose={onClose} />}>
      <div className="flex flex-col gap-4">
        {!joining && <div><Segmented label={t('add.tabs')} value={tab} onChange={onTab} options={[{ value: 'one', label: t('add.one') }, { value: 'list', label: t('add.list') }]} /></div>}
        {tab === 'list' && <AddListForm list={list} />}
        {tab === 'one' && !one.created && (
          <>
            <ServerFields value={one.form} errors={one.errors} onChange={one.setForm} />
            <PresetChoice value={one.preset} onChange={one.setPreset} />
          </>
        )}
        {joining && <JoinStep key={joining.install.token} server={joining.server} install={joining.install} onInstall={one.setInstall} />}
      </div>
    </Drawer>
  )
}

interface FooterProps {
  tab: AddTab
  one: ReturnType<typeof useAddOne>
  list: ReturnType<typeof useAddList>
  onClose: () => void
}

function Footer({ tab, one, list, onClose }: FooterProps) {
  const { t } = useTranslation('servers')
  const { t: common } = useTranslation('components')
  if (tab === 'one' && one.created) {
    return (
      <>
        <Button kind="plain" icon={Plus} onClick={one.again}>{t('add.another')}</Button>
        <LinkButton kind="main" to={`/servers/${one.created.server.id}`}>{t('add.openServer')}</LinkButton>
      </>
    )
  }
  if (tab === 'one') {
    return (
      <>
        <Button kind="ghost" onClick={onClose}>{common('cancel')}</Button>
        <Button kind="main" type="submit" busy={one.busy && t('add.adding')}>{t('add.submit')}</Button>
      </>
    )
  }
  const rest = list.text.trim() !== ''
  return (
    <>
      {list.added.length > 0 && <CopyButton word size="normal" text={allCommands(list.added)} label={t('list.copyAll')} />}
      {list.added.length === 0 && <Button kind="ghost" onClick={onClose}>{common('cancel')}</Button>}
      {(rest || list.added.length === 0) && <Button kind="main" type="submit" disabled={list.good === 0 || list.tooMany} busy={list.busy && t('add.adding')}>{list.good > 0 ? t('list.submit', { count: list.good }) : t('add.submit')}</Button>}
      {!rest && list.added.length > 0 && <Button kind="main" onClick={onClose}>{t('list.done')}</Button>}
    </>
  )
}
