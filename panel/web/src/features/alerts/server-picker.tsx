import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ServerItem } from '../../api/types'
import { Button } from '../../components/button'
import { Dialog } from '../../components/dialog'
import { SearchField } from '../../components/search-field'
import { hostOf, useServers } from '../../lib/fleet'

interface ServerPickerProps {
  title: string
  start: number[]
  onDone: (ids: number[]) => void
  onClose: () => void
}

/** Chooses servers, one by one or by folder. */
export function ServerPicker({ title, start, onDone, onClose }: ServerPickerProps) {
  const { t } = useTranslation('alerts')
  const { t: common } = useTranslation('components')
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set(start))
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={title}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>{common('cancel')}</Button>
          <Button kind="main" onClick={() => onDone([...chosen].sort((a, b) => a - b))}>{t('picker.done', { count: chosen.size })}</Button>
        </>
      }>
      <ServerList chosen={chosen} onChange={setChosen} />
    </Dialog>
  )
}

function matches(server: ServerItem, query: string): boolean {
  const text = `${server.name} ${hostOf(server.url)} ${server.folder ?? ''}`.toLowerCase()
  return query.toLowerCase().split(/\s+/).every((word) => text.includes(word))
}

/** The list of the picker: search, folders, check boxes. */
export function ServerList({ chosen, onChange }: { chosen: ReadonlySet<number>; onChange: (ids: ReadonlySet<number>) => void }) {
  const { t } = useTranslation('alerts')
  const servers = useServers().data
  const [query, setQuery] = useState('')
  const groups = useMemo(() => {
    const found = new Map<string, ServerItem[]>()
    for (const s of (servers ?? []).filter((server) => matches(server, query.trim()))) found.set(s.folder ?? '', [...(found.get(s.folder ?? '') ?? []), s])
    return [...found].sort(([a], [b]) => Number(a === '') - Number(b === ''))
  }, [servers, query])
  const set = (ids: number[], on: boolean) => {
    const next = new Set(chosen)
    for (const id of ids) {
      if (on) next.add(id)
      else next.delete(id)
    }
    onChange(next)
  }
  return (
    <div className="picker" onKeyDown={(e) => { if (e.key === 'Enter') e.preventDefault() }}>
      <SearchField label={t('picker.search')} value={query} onChange={setQuery} className="w-full" />
      <div className="picker-list">
        {groups.map(([folder, list]) => {
          const on = list.filter((s) => chosen.has(s.id)).length
          return (
            <fieldset key={folder}>
              <label className="picker-f">
                <input type="checkbox" className="check" checked={on === list.length} ref={(box) => { if (box) box.indeterminate = on > 0 && on < list.length }} onChange={(e) => set(list.map((s) => s.id), e.target.checked)} />
                <span className="grow ell">{folder || t('picker.noFolder')}</span>
                <span className="t3">{on > 0 ? t('picker.of', { on, all: list.length }) : list.length}</span>
              </label>
              {list.map((s) => (
                <label key={s.id} className="picker-s">
                  <input type="checkbox" className="check" checked={chosen.has(s.id)} onChange={(e) => set([s.id], e.target.checked)} />
                  <span className="grow ell">{s.name}</span>
                  <span className="mono t3">{hostOf(s.url)}</span>
                </label>
              ))}
            </fieldset>
          )
        })}
        {groups.length === 0 && <p className="field-note p-3">{t(servers?.length ? 'picker.nothing' : 'picker.noServers')}</p>}
      </div>
    </div>
  )
}
