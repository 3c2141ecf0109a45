import { NavLink } from 'react-router'

/** Tabs that are places: each has its own address. */
export function LinkTabs({ label, tabs }: { label: string; tabs: { to: string; label: string; end?: boolean }[] }) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map((tab) => <NavLink key={tab.to} to={tab.to} end={tab.end}>{tab.label}</NavLink>)}
    </nav>
  )
}
