import { ArrowLeft } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ServerItem } from '../../api/types'
import { LinkButton } from '../../components/button'
import { ClosedByOwner } from '../../components/closed-by-owner'
import { OneServer } from '../../components/one-server'
import { PageBody, useTitle } from '../../components/page-header'
import { Segmented } from '../../components/segmented'
import { StateGlyph } from '../../components/state-glyph'
import { useAccess } from '../../lib/access'
import { useServerState } from '../../lib/fleet'
import { Commands } from './commands'
import './terminal.css'

const Shell = lazy(() => import('./shell').then((m) => ({ default: m.Shell })))

/** Commands on one server, and a shell of it. */
export function TerminalPage() {
  return <OneServer of={Terminal} />
}

const modes = ['commands', 'shell'] as const

function Terminal({ server }: { server: ServerItem }) {
  const { t } = useTranslation('terminal')
  const [mode, setMode] = useState<(typeof modes)[number]>('commands')
  const [opened, setOpened] = useState(false)
  const state = useServerState(server)
  const access = useAccess(server.id)('exec')
  const closed = access === 'closed' || access === 'ro'
  useTitle(`${t('title')} · ${server.name}`)
  return (
    <>
      <header className="head">
        <LinkButton to={`/servers/${server.id}`} kind="ghost" size="small" icon={ArrowLeft} aria-label={t('back')} title={t('back')}>{null}</LinkButton>
        <StateGlyph state={state} quiet />
        <h1>{server.name}</h1>
        <span className="grow" />
        {!closed && <Segmented label={t('mode')} value={mode} options={modes.map((value) => ({ value, label: t(value) }))} onChange={(m) => { setMode(m); setOpened(opened || m === 'shell') }} />}
      </header>
      {closed ? <PageBody><section className="card card-b"><ClosedByOwner title={t('title')} domain="exec" write /></section></PageBody> : (
        <main id="content" tabIndex={0} className="term">
          {/* Both stay: going to look at the other one ends neither a command nor a shell. */}
          <div className="term-mode" hidden={mode !== 'commands'}><Commands server={server} offline={state === 'offline'} /></div>
          <div className="term-mode" hidden={mode !== 'shell'}>
            {opened && <Suspense fallback={<span className="sk sk-late" aria-busy="true" style={{ flex: 1 }} />}><Shell server={server} /></Suspense>}
          </div>
        </main>
      )}
    </>
  )
}
