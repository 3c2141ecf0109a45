import { Languages, LogOut, Menu as MenuIcon, Search, SunMoon } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { NavLink, useNavigate } from 'react-router'
import { Menu } from '../components/menu'
import { currentLanguage, setLanguage } from '../lib/i18n'
import { toggleTheme } from '../lib/theme'
import { Count } from './count'
import { useCounts } from './counts'
import { pages } from './routes'
import { useSignOut } from './use-sign-out'

const shown = 3

/** The menu below 1024 px: three pages, search, and a menu with the rest. */
export function TabBar({ onSearch }: { onSearch: () => void }) {
  const { t } = useTranslation('app')
  const navigate = useNavigate()
  const signOut = useSignOut()
  const counts = useCounts()
  const entries = pages.flatMap(({ path, nav }) => (nav ? [{ path, ...nav }] : []))
  const rest = entries.slice(shown)
  return (
    <nav className="tabbar" aria-label={t('quickMenu')}>
      {entries.slice(0, shown).map(({ path, label, icon: Icon, count }) => (
        <NavLink key={path} to={`/${path}`} end={path === ''}><span className="tab-i"><Icon aria-hidden />{count === 'alerts' && <Count value={counts.alerts} />}</span><span>{t(`nav.${label}`)}</span></NavLink>
      ))}
      <button type="button" onClick={onSearch}><Search aria-hidden /><span>{t('searchShort')}</span></button>
      <Menu
        trigger={<button type="button"><MenuIcon aria-hidden /><span>{t('more')}</span></button>}
        items={[
          ...rest.map(({ path, label, icon }) => ({ label: t(`nav.${label}`), icon, onSelect: () => void navigate(`/${path}`) })),
          { label: t('language'), icon: Languages, separated: rest.length > 0, onSelect: () => void setLanguage(currentLanguage() === 'ru' ? 'en' : 'ru') },
          { label: t('theme'), icon: SunMoon, onSelect: toggleTheme },
          { label: t('signOut'), icon: LogOut, separated: true, onSelect: signOut },
        ]}
      />
    </nav>
  )
}
