import { Bell, LayoutDashboard, ListChecks, type LucideIcon, Receipt, ScrollText, Server, Settings } from 'lucide-react'
import type { ComponentType } from 'react'

export interface Page {
  /** Below the secret path; '' is the start page. */
  path: string
  load: () => Promise<{ Component: ComponentType }>
  /** Entry of the menu; pages without it are reached from others. */
  nav?: { label: string; icon: LucideIcon; group: 'main' | 'panel'; /** Pressed after G. */ key?: string; count?: 'servers' | 'alerts' | 'bills' }
}

/** Every page behind the login, in the order of the menu. The first one is the start page. */
export const pages: Page[] = [
  { path: '', load: () => import('../features/dashboard/page').then((m) => ({ Component: m.DashboardPage })), nav: { label: 'dashboard', icon: LayoutDashboard, group: 'main', key: 'D' } },
  { path: 'servers', load: () => import('../features/servers/page').then((m) => ({ Component: m.ServersPage })), nav: { label: 'servers', icon: Server, group: 'main', key: 'S', count: 'servers' } },
  { path: 'servers/:id', load: () => import('../features/server/page').then((m) => ({ Component: m.ServerPage })) },
  { path: 'servers/:id/terminal', load: () => import('../features/terminal/page').then((m) => ({ Component: m.TerminalPage })) },
  { path: 'servers/:id/traffic', load: () => import('../features/server/traffic-page').then((m) => ({ Component: m.TrafficPage })) },
  { path: 'servers/:id/haproxy', load: () => import('../features/haproxy/page').then((m) => ({ Component: m.HAProxyPage })) },
  { path: 'alerts', load: () => import('../features/alerts/page').then((m) => ({ Component: m.AlertsPage })), nav: { label: 'alerts', icon: Bell, group: 'main', key: 'A', count: 'alerts' } },
  { path: 'alerts/:tab', load: () => import('../features/alerts/page').then((m) => ({ Component: m.AlertsPage })) },
  { path: 'billing', load: () => import('../features/billing/page').then((m) => ({ Component: m.BillingPage })), nav: { label: 'billing', icon: Receipt, group: 'main', count: 'bills' } },
  { path: 'bulk', load: () => import('../features/bulk/page').then((m) => ({ Component: m.BulkPage })), nav: { label: 'bulk', icon: ListChecks, group: 'main' } },
  { path: 'audit', load: () => import('../features/audit/page').then((m) => ({ Component: m.AuditPage })), nav: { label: 'audit', icon: ScrollText, group: 'panel' } },
  { path: 'settings', load: () => import('../features/settings/page').then((m) => ({ Component: m.SettingsPage })), nav: { label: 'settings', icon: Settings, group: 'panel' } },
]
