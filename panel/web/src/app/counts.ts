import { useTranslation } from 'react-i18next'
import { useBills } from '../features/billing/queries'
import { isNews, useActiveAlerts } from '../lib/alerts'
import { useServers } from '../lib/fleet'
import { billDays } from '../lib/limits'

/** What an entry of the menu counts. */
export interface Counted {
  count: number
  title?: string
  /** Somebody has to act now. */
  urgent?: boolean
}

/** The counts beside the entries of the menu. */
export function useCounts(): Record<'servers' | 'alerts' | 'bills', Counted> {
  const { t } = useTranslation('app')
  const due = useBills().data?.filter((b) => b.days_left <= billDays.warn).length ?? 0
  const news = useActiveAlerts().data?.filter(isNews).length ?? 0
  return {
    servers: { count: useServers().data?.length ?? 0 },
    alerts: { count: news, urgent: true, title: t('count.alerts', { count: news }) },
    bills: { count: due, title: t('count.bills', { count: due, days: billDays.warn }) },
  }
}
