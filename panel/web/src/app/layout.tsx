import { useQueryClient } from '@tanstack/react-query'
import { RefreshCw, SunMoon } from 'lucide-react'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Outlet, useNavigate } from 'react-router'
import { notify } from '../components/toast'
import { type Command, useCommands } from '../lib/commands'
import { useHeld } from '../lib/held'
import { preloadTexts } from '../lib/i18n'
import { toggleTheme } from '../lib/theme'
import { useEventStream, useLiveConnection } from './live-connection'
import { Palette } from './palette'
import { pages } from './routes'
import { Sidebar } from './sidebar'
import { ShortcutList } from './shortcut-list'
import { TabBar } from './tab-bar'
import { StateSpeaker } from './state-speaker'

const HeldChanges = lazy(() => import('../features/haproxy/held-changes').then((m) => ({ default: m.HeldChanges })))

/** The frame around every page: menu, palette, live connection. */
export function Layout() {
  const { t } = useTranslation('app')
  const stream = useEventStream()
  useLiveConnection(stream)
  useEffect(() => preloadTexts('words'), []) // what the panel says of a server that is away is wanted when the panel may be away, too
  const held = useHeld().data
  const [palette, setPalette] = useState(false)
  const [keys, setKeys] = useState(false)
  useGlobalCommands({ palette: () => setPalette(true), keys: () => setKeys(true) })
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.code !== 'KeyK' || event.altKey || event.shiftKey) return
      event.preventDefault()
      setPalette((open) => !open)
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [])
  return (
    <div className="app">
      <a className="skip" href="#content" onClick={(e) => { e.preventDefault(); document.getElementById('content')?.focus() }}>{t('skip')}</a>
      <Sidebar connection={stream.state} onSearch={() => setPalette(true)} />
      <div className="main">
        {held && held.length > 0 && <Suspense fallback={null}><HeldChanges /></Suspense>}
        <Suspense fallback={null}><Outlet /></Suspense>
      </div>
      <TabBar onSearch={() => setPalette(true)} />
      <StateSpeaker />
      <Palette open={palette} onOpenChange={setPalette} />
      <ShortcutList open={keys} onOpenChange={setKeys} />
    </div>
  )
}

function useGlobalCommands(open: { palette: () => void; keys: () => void }): void {
  const { t } = useTranslation('app')
  const navigate = useNavigate()
  const client = useQueryClient()
  const commands: Command[] = [
    { id: 'palette', label: t('keys.palette'), keys: 'Slash', hidden: true, run: open.palette },
    { id: 'refresh', label: t('keys.refresh'), icon: RefreshCw, keys: 'R', run: () => void client.invalidateQueries().then(() => notify.success(t('refreshed'))) },
    { id: 'theme', label: t('theme'), icon: SunMoon, keys: 'T', run: toggleTheme },
    { id: 'keys', label: t('keys.show'), keys: 'Shift+Slash', run: open.keys },
  ]
  for (const { path, nav } of pages) {
    if (nav?.key) commands.push({ id: `go-${path}`, label: t('keys.goTo', { page: t(`nav.${nav.label}`) }), keys: `G ${nav.key}`, hidden: true, run: () => void navigate(`/${path}`) })
  }
  useCommands(commands)
}
