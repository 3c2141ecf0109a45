import { RefreshCw } from 'lucide-react'
import { useLayoutEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { IconButton } from '../../components/button'
import { CopyButton } from '../../components/copy-button'
import { Drawer } from '../../components/drawer'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { Select } from '../../components/field'
import { SearchField } from '../../components/search-field'
import { Switch } from '../../components/switch'
import { useLogs } from './queries'

const lengths = [100, 500, 2000, 5000]
/** Pixels from the end within which somebody reads the newest lines. */
const nearEnd = 24

/** What HAProxy wrote to the journal, the newest line at the bottom. It is asked for as long as this is open. */
export function LogsDrawer({ id, name, onClose }: { id: number; name: string; onClose: () => void }) {
  const { t } = useTranslation('haproxy')
  const [tail, setTail] = useState(100)
  const [follow, setFollow] = useState(true)
  const [query, setQuery] = useState('')
  const logs = useLogs(id, tail, follow)
  const wanted = query.trim().toLowerCase()
  const lines = (logs.data?.logs ?? '').split('\n').filter((line) => line && line.toLowerCase().includes(wanted))
  const text = lines.join('\n')
  return (
    <Drawer open wide onOpenChange={(open) => !open && onClose()} title={t('logs.title', { name })}>
      <div className="hlogs">
        <div className="hlogs-bar">
          <SearchField label={t('logs.filter')} value={query} onChange={setQuery} className="grow" />
          <Select aria-label={t('logs.lines')} className="hlogs-tail" value={tail} onChange={(e) => setTail(Number(e.target.value))}>
            {lengths.map((n) => <option key={n} value={n}>{t('logs.last', { count: n })}</option>)}
          </Select>
          <span className="row nw"><Switch label={t('logs.follow')} checked={follow} onChange={setFollow} /><span aria-hidden>{t('logs.follow')}</span></span>
          <IconButton icon={RefreshCw} size="small" label={t('logs.refresh')} disabled={logs.isFetching} onClick={() => void logs.refetch()} />
          <CopyButton text={text} label={t('logs.copy')} />
        </div>
        {logs.isPending ? <span className="sk sk-late" aria-busy="true" style={{ flex: 1 }} />
          : logs.isError && !logs.data ? <ErrorState error={logs.error} onRetry={() => void logs.refetch()} />
            : lines.length === 0 ? <EmptyState title={t(logs.data?.logs ? 'logs.nothing' : 'logs.none')} text={t(logs.data?.logs ? 'logs.nothingText' : 'logs.noneText')} />
              : <Lines label={t('logs.title', { name })} text={text} />}
        {logs.isError && logs.data && <p className="field-note crit" role="status">{t('logs.stale')}</p>}
      </div>
    </Drawer>
  )
}

/** Stays at the end while somebody is there, and where they are when they have scrolled up. */
function Lines({ label, text }: { label: string; text: string }) {
  const box = useRef<HTMLPreElement>(null)
  const atEnd = useRef(true)
  useLayoutEffect(() => {
    if (box.current && atEnd.current) box.current.scrollTop = box.current.scrollHeight
  }, [text])
  return (
    <pre ref={box} className="hlogs-text" role="log" aria-live="off" aria-label={label} tabIndex={0}
      onScroll={({ currentTarget: b }) => { atEnd.current = b.scrollHeight - b.scrollTop - b.clientHeight < nearEnd }}>{text}</pre>
  )
}
