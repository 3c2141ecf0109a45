import { LogOut, Moon, Search, Sun } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Link, NavLink } from 'react-router'
import { IconButton } from '../components/button'
import { Mark } from '../components/mark'
import { Tip } from '../components/tip'
import type { ConnectionState } from '../lib/event-stream'
import { type External, useExternal } from '../lib/external'
import { currentLanguage, setLanguage } from '../lib/i18n'
import { useCollectInterval } from '../lib/settings'
import { toggleTheme, useTheme } from '../lib/theme'
import { Count } from './count'
import { useCounts } from './counts'
import { pages } from './routes'
import { useSignOut } from './use-sign-out'

const groups = ['main', 'panel'] as const

export function Sidebar({ connection, onSearch }: { connection: External<ConnectionState>; onSearch: () => void }) {
  const { t } = useTranslation('app')
  const { t: common } = useTranslation('components')
  return (
    <aside className="side" aria-label={t('menu')}>
      <Link className="brand" to="/"><Mark /><span>{common('product')}</span></Link>
      <button type="button" className="seek" onClick={onSearch}>
        <Search size={14} aria-hidden />
        <span>{t('search')}</span>
        <kbd>{t('ctrlK')}</kbd>
      </button>
      <nav className="nav" aria-label={t('menu')}>
        {groups.map((group) => <Group key={group} group={group} />)}
      </nav>
      <div className="side-foot">
        <Connection connection={connection} />
        <Preferences />
      </div>
    </aside>
  )
}

function Group({ group }: { group: (typeof groups)[number] }) {
  const { t } = useTranslation('app')
  const counts = useCounts()
  const heading = t(`group.${group}`)
  return (
    <>
      {heading && <div className="grp">{heading}</div>}
      {pages.map(({ path, nav }) => {
        if (nav?.group !== group) return null
        const Icon = nav.icon
        return (
          <NavLink key={path} to={`/${path}`} end={path === ''}>
            <Icon size={16} aria-hidden />
            <span>{t(`nav.${nav.label}`)}</span>
            <Count value={nav.count && counts[nav.count]} />
          </NavLink>
        )
      })}
    </>
  )
}

function Connection({ connection }: { connection: External<ConnectionState> }) {
  const { t } = useTranslation('app')
  const state = useExternal(connection)
  const seconds = useCollectInterval()
  const hint = state === 'open' ? t('connection.openHint', { seconds }) : state === 'connecting' ? t('connection.connecting') : t(`connection.${state}Hint`)
  return <Tip text={hint} side="top"><span tabIndex={0} className={state === 'open' ? 'live' : 'live waiting'}>{t(`connection.${state}`)}</span></Tip>
}

/** Language, theme and sign-out. */
export function Preferences() {
  const { t } = useTranslation('app')
  const theme = useTheme()
  const signOut = useSignOut()
  return (
    <>
      <Tip text={t('language')}>
        <button type="button" className="btn gh sm" aria-label={t('language')} onClick={() => void setLanguage(currentLanguage() === 'ru' ? 'en' : 'ru')}>{t('languageCode')}</button>
      </Tip>
      <IconButton size="small" icon={theme === 'dark' ? Sun : Moon} label={t('theme')} onClick={toggleTheme} />
      <IconButton size="small" icon={LogOut} label={t('signOut')} onClick={signOut} />
    </>
  )
}
