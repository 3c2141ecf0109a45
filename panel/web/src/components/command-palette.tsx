import { Search } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { type KeyboardEvent, type ReactNode, useDeferredValue, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { rank } from './palette-rank'

export interface PaletteItem {
  id: string
  group: string
  label: string
  /** Glyph or icon before the words. */
  mark?: ReactNode
  /** Quiet text after the label, also searched: an address. */
  extra?: string
  /** On the right: a folder, keys. */
  right?: ReactNode
  /** More words to be found by. */
  words?: string
  /** Not shown until something is typed. */
  later?: boolean
  /** `newTab` with Ctrl Enter. */
  run: (newTab: boolean) => void
}

interface CommandPaletteProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  items: PaletteItem[]
}

const most = 12

/** Search over servers, pages and commands. Arrows and Enter; exact prefixes before parts before fuzzy hits. */
export function CommandPalette({ open, onOpenChange, items }: CommandPaletteProps) {
  const { t } = useTranslation('components')
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <div className="dlg-place" onPointerDown={(e) => e.target === e.currentTarget && onOpenChange(false)}>
          <Radix.Content className="pal" aria-describedby={undefined}>
            <Radix.Title className="sr">{t('palette.title')}</Radix.Title>
            <PaletteSearch items={items} close={() => onOpenChange(false)} />
          </Radix.Content>
        </div>
      </Radix.Portal>
    </Radix.Root>
  )
}

function PaletteSearch({ items, close }: { items: PaletteItem[]; close: () => void }) {
  const { t } = useTranslation('components')
  const [query, setQuery] = useState('')
  const [selected, setSelected] = useState(0)
  const list = useRef<HTMLDivElement>(null)
  const wanted = useDeferredValue(query.trim().toLowerCase())
  const found = useMemo(() => {
    const hits = wanted ? rank(items, wanted, (i) => [i.label, i.extra ?? '', i.words ?? '']) : items.filter((i) => !i.later)
    return hits.slice(0, most)
  }, [items, wanted])
  const current = Math.min(selected, found.length - 1)
  const run = (item: PaletteItem | undefined, newTab: boolean) => {
    if (!item) return
    close()
    item.run(newTab)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step && found.length > 0) {
      event.preventDefault()
      const next = (current + step + found.length) % found.length
      setSelected(next)
      list.current?.querySelectorAll('[role="option"]')[next]?.scrollIntoView({ block: 'nearest' })
    } else if (event.key === 'Enter') {
      event.preventDefault()
      run(found[current], event.ctrlKey || event.metaKey)
    }
  }
  return (
    <>
      <div className="pal-in">
        <Search size={16} aria-hidden />
        <input autoFocus role="combobox" aria-expanded aria-controls="palette-list" aria-activedescendant={found.length ? `palette-${current}` : undefined} aria-label={t('palette.title')} placeholder={t('palette.placeholder')}
          value={query} spellCheck={false} autoComplete="off" onKeyDown={onKeyDown} onChange={(e) => { setQuery(e.target.value); setSelected(0) }} />
        <kbd>{t('palette.esc')}</kbd>
      </div>
      <div ref={list} id="palette-list" role="listbox" aria-label={t('palette.title')}>
        {found.length === 0 && <div className="g">{t('palette.nothing')}</div>}
        {found.map((item, i) => (
          <div key={item.id} role="presentation">
            {item.group !== found[i - 1]?.group && <div className="g" role="presentation">{item.group}</div>}
            <div id={`palette-${i}`} className="o" role="option" aria-selected={i === current} onPointerMove={() => setSelected(i)} onClick={(e) => run(item, e.ctrlKey || e.metaKey)}>
              {item.mark}
              <span className="ell">{item.label}</span>
              {item.extra && <span className="mono text-text3">{item.extra}</span>}
              <span className="r">{item.right}</span>
            </div>
          </div>
        ))}
      </div>
      <div className="pal-f" aria-hidden>
        <span><kbd>↑</kbd> <kbd>↓</kbd> {t('palette.move')}</span>
        <span><kbd>{t('palette.enter')}</kbd> {t('palette.open')}</span>
        <span className="hide-s"><kbd>{t('palette.ctrlEnter')}</kbd> {t('palette.newTab')}</span>
      </div>
    </>
  )
}
