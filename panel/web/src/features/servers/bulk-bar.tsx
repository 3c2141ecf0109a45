import { Folder, Pause, Play, Trash2, X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button, IconButton } from '../../components/button'

export type BulkAction = 'enable' | 'disable' | 'move' | 'delete'

/** What can be done with the selected servers; it floats over the list, so nothing moves. */
export function BulkBar({ count, onAction, onClear }: { count: number; onAction: (action: BulkAction) => void; onClear: () => void }) {
  const { t } = useTranslation('servers')
  return (
    <div className="bulk" role="toolbar" aria-label={t('bulk.label')}>
      <span className="b nw" role="status">{t('bulk.selected', { count })}</span>
      <IconButton icon={X} size="small" label={t('bulk.clear')} onClick={onClear} />
      <span className="grow" />
      <Button size="small" icon={Play} onClick={() => onAction('enable')}>{t('bulk.enable')}</Button>
      <Button size="small" icon={Pause} onClick={() => onAction('disable')}>{t('bulk.disable')}</Button>
      <Button size="small" icon={Folder} onClick={() => onAction('move')}>{t('bulk.move')}</Button>
      <Button size="small" kind="danger" icon={Trash2} onClick={() => onAction('delete')}>{t('bulk.delete')}</Button>
    </div>
  )
}
