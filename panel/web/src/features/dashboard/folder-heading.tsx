import { ArrowDown, ArrowUp, ChevronDown, ChevronRight, Pencil, Trash2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { IconButton } from '../../components/button'
import { StateGlyph } from '../../components/state-glyph'
import { serverState } from '../../lib/fleet'
import { text } from '../../lib/format'
import { live, useFleetTotals } from '../../lib/live'
import { useFormat } from '../../lib/use-format'
import type { Group } from './groups'
import { toggleFolder } from './view'

interface FolderHeadingProps {
  group: Group
  folded: boolean
  handle?: ReactNode
  onRename: (name: string) => void
  onDelete: (name: string) => void
}

/** A folder is a heading with totals, not a box around boxes. */
export function FolderHeading({ group, folded, handle, onRename, onDelete }: FolderHeadingProps) {
  const { t } = useTranslation('dashboard')
  const f = useFormat()
  useFleetTotals() // renders once per message of the stream
  const { name } = group
  const sums = { rx: 0, tx: 0, offline: 0, attention: 0 }
  for (const server of group.servers) {
    const now = live.server(server.id)
    const state = serverState(server, now)
    if (state === 'offline' || state === 'attention') sums[state]++
    if (now && state !== 'offline' && state !== 'disabled') {
      sums.rx += now.rx || 0
      sums.tx += now.tx || 0
    }
  }
  const Chevron = folded ? ChevronRight : ChevronDown
  const label = name ?? t('folder.none')
  return (
    <div className="folder-h">
      {handle}
      <button type="button" className="folder-fold" aria-expanded={!folded} onClick={() => toggleFolder(name ?? '')}>
        <Chevron size={14} aria-hidden />
        <h2>{label}</h2>
      </button>
      <span className="t3">{f.count(group.servers.length)}</span>
      {sums.offline > 0 && <span className="sm crit count"><StateGlyph state="offline" />{f.count(sums.offline)}</span>}
      {sums.attention > 0 && <span className="sm warn count"><StateGlyph state="attention" />{f.count(sums.attention)}</span>}
      <span className="rule" />
      <span className="sm t3 hide-s count">
        <ArrowDown size={12} aria-hidden />{text(f.rateOfBytes(sums.rx))}
        <ArrowUp size={12} aria-hidden />{text(f.rateOfBytes(sums.tx))}
      </span>
      {name != null && (
        <>
          <IconButton size="small" icon={Pencil} label={t('folder.rename', { name })} onClick={() => onRename(name)} />
          <IconButton size="small" icon={Trash2} label={t('folder.delete', { name })} onClick={() => onDelete(name)} />
        </>
      )}
    </div>
  )
}
