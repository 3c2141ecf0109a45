import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ServerItem } from '../../api/types'
import { SearchField } from '../../components/search-field'
import { StateGlyph } from '../../components/state-glyph'
import { hostOf, useServerState } from '../../lib/fleet'

function matches(server: ServerItem, query: string): boolean {
  const text = `${server.name} ${hostOf(server.url)} ${server.folder ?? ''}`.toLowerCase()
  return query.toLowerCase().trim().split(/\s+/).every((word) => text.includes(word))
}

interface PickerProps {
  servers: ServerItem[]
  chosen: ReadonlySet<number>
  onChange: (ids: ReadonlySet<number>) => void
}

/** Servers by folder, each with its state; a folder's box takes all of it that the search shows. */
export function Picker({ servers, chosen, onChange }: PickerProps) {
  const { t } = useTranslation('bulk')
  const [query, setQuery] = useState('')
  const found = useMemo(() => servers.filter((s) => matches(s, query)), [servers, query])
  const groups = useMemo(() => {
    const by = new Map<string, ServerItem[]>()
    for (const s of found) by.set(s.folder ?? '', [...(by.get(s.folder ?? '') ?? []), s])
    return [...by].sort(([a], [b]) => Number(a === '') - Number(b === ''))
  }, [found])
  const set = (list: ServerItem[], on: boolean) => {
    const next = new Set(chosen)
    for (const s of list) if (on) next.add(s.id); else next.delete(s.id)
    onChange(next)
  }
  return (
    <section className="card bulk-picker" aria-label={t('servers')}>
      <div className="card-h"><SearchField label={t('search')} value={query} onChange={setQuery} className="w-full" shortcut /></div>
      <div className="bulk-list">
        {found.length > 0 && <Group label={t('all')} list={found} chosen={chosen} onSet={set} />}
        {groups.map(([folder, list]) => (
          <fieldset key={folder} aria-label={folder || t('noFolder')}>
            {groups.length > 1 && <Group label={folder || t('noFolder')} list={list} chosen={chosen} onSet={set} />}
            {list.map((s) => <Server key={s.id} server={s} on={chosen.has(s.id)} onSet={(on) => set([s], on)} />)}
          </fieldset>
        ))}
        {found.length === 0 && <p className="field-note p-3">{t('nothing')}</p>}
      </div>
    </section>
  )
}

function Group({ label, list, chosen, onSet }: { label: string; list: ServerItem[]; chosen: ReadonlySet<number>; onSet: (list: ServerItem[], on: boolean) => void }) {
  const { t } = useTranslation('bulk')
  const on = list.filter((s) => chosen.has(s.id)).length
  return (
    <label className="bulk-group">
      <input type="checkbox" className="check" checked={on === list.length} ref={(box) => { if (box) box.indeterminate = on > 0 && on < list.length }} onChange={(e) => onSet(list, e.target.checked)} />
      <span className="grow ell">{label}</span>
      <span className="t3">{on > 0 ? t('of', { on, all: list.length }) : list.length}</span>
    </label>
  )
}

function Server({ server, on, onSet }: { server: ServerItem; on: boolean; onSet: (on: boolean) => void }) {
  return (
    <label className="bulk-server">
      <input type="checkbox" className="check" checked={on} onChange={(e) => onSet(e.target.checked)} />
      <StateGlyph state={useServerState(server)} quiet />
      <span className="grow ell">{server.name}</span>
      <span className="mono t3 hide-s">{hostOf(server.url)}</span>
    </label>
  )
}
