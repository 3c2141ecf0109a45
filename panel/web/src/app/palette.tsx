import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useHref, useNavigate } from 'react-router'
import { CommandPalette, type PaletteItem } from '../components/command-palette'
import { StateGlyph } from '../components/state-glyph'
import { keyLabels, useRegisteredCommands } from '../lib/commands'
import { hostOf, serverState, useServers } from '../lib/fleet'
import { live } from '../lib/live'
import { pages } from './routes'

/** The palette's contents: servers, pages, and the commands that the page in view offers. */
export function Palette({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const { t } = useTranslation('app')
  const navigate = useNavigate()
  const root = useHref('/')
  const servers = useServers().data
  const commands = useRegisteredCommands()
  const items = useMemo(() => {
    if (!open) return []
    const go = (path: string) => (newTab: boolean) => {
      if (newTab) window.open(`${root.replace(/\/$/, '')}/${path}`, '_blank', 'noopener')
      else void navigate(`/${path}`)
    }
    const found: PaletteItem[] = commands.filter((c) => !c.hidden).map((c) => {
      const Icon = c.icon
      return { id: `command-${c.id}`, group: t('palette.commands'), label: c.label, mark: Icon && <Icon size={16} aria-hidden />, right: c.keys && keyLabels(c.keys).map((k) => <kbd key={k}>{k}</kbd>), run: () => c.run() }
    })
    for (const { path, nav } of pages) {
      if (!nav) continue
      const Icon = nav.icon
      found.push({ id: `page-${path}`, group: t('palette.pages'), label: t(`nav.${nav.label}`), mark: <Icon size={16} aria-hidden />, run: go(path) })
    }
    if (pages.some((p) => p.path === 'servers/:id')) {
      for (const s of servers ?? []) {
        found.push({ id: `server-${s.id}`, group: t('palette.servers'), label: s.name, extra: hostOf(s.url), words: s.folder ?? '', right: s.folder, mark: <StateGlyph state={serverState(s, live.server(s.id))} />, later: true, run: go(`servers/${s.id}`) })
      }
    }
    return found
  }, [open, commands, servers, navigate, root, t])
  return <CommandPalette open={open} onOpenChange={onOpenChange} items={items} />
}
