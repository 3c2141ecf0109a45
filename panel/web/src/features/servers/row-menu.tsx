import { Activity, ArrowDownUp, Copy, Ellipsis, Folder, Pencil, Route, SquareTerminal, Terminal, Trash2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import type { ServerItem } from '../../api/types'
import { IconButton } from '../../components/button'
import { Menu } from '../../components/menu'
import { notify } from '../../components/toast'
import { copyText } from '../../lib/clipboard'
import { shortAddress } from './address'

export type RowAction = 'test' | 'edit' | 'install' | 'move' | 'delete'

export function RowMenu({ server, onAction }: { server: ServerItem; onAction: (action: RowAction, server: ServerItem) => void }) {
  const { t } = useTranslation('servers')
  const navigate = useNavigate()
  const open = (page: string) => () => void navigate(`/servers/${server.id}/${page}`)
  const run = (action: RowAction) => () => onAction(action, server)
  const copy = async () => {
    const address = shortAddress(server.url)
    if (await copyText(address)) notify.success(t('row.copied', { address }))
    else notify.error(t('row.notCopied'), address)
  }
  return (
    <Menu trigger={<IconButton icon={Ellipsis} size="small" label={t('row.menu', { name: server.name })} />} items={[
      { label: t('row.haproxy'), icon: Route, onSelect: open('haproxy') },
      { label: t('row.traffic'), icon: ArrowDownUp, onSelect: open('traffic') },
      { label: t('row.terminal'), icon: SquareTerminal, onSelect: open('terminal') },
      { label: t('row.test'), icon: Activity, separated: true, onSelect: run('test') },
      { label: t('row.copyAddress'), icon: Copy, onSelect: () => void copy() },
      { label: t('row.edit'), icon: Pencil, onSelect: run('edit') },
      { label: t('row.install'), icon: Terminal, onSelect: run('install') },
      { label: t('row.move'), icon: Folder, onSelect: run('move') },
      { label: t('row.delete'), icon: Trash2, danger: true, separated: true, onSelect: run('delete') },
    ]} />
  )
}
