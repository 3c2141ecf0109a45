import { useTranslation } from 'react-i18next'
import type { BillItem } from '../../api/types'
import { Figure, Strip } from '../../components/card'
import { Value } from '../../components/quantity'
import { billDays, billLevel } from '../../lib/limits'
import { type Sum, sumByCurrency } from '../../lib/money'
import { useFormat } from '../../lib/use-format'
import { daysLeft, dueWithin, until } from './forecast'
import { TimeLeft } from './time-left'

const month = 30
const shown = 3

/** What a month costs, what is due soon, and the next payments. */
export function Summary({ bills, now }: { bills: BillItem[]; now: number }) {
  const { t } = useTranslation('billing')
  const f = useFormat()
  const due = dueWithin(bills, month, now)
  const ended = bills.filter((b) => daysLeft(b, now) <= 0).length
  const soon = bills.filter((b) => billLevel(daysLeft(b, now)) !== '').length - ended
  return (
    <Strip label={t('summary.label')} className="bills-sum">
      <Figure label={t('summary.month')} value={<Amounts sums={costs(bills)} />} note={t('summary.bills', { count: bills.length })} />
      <Figure label={t('summary.due')} value={due.length > 0 ? <Amounts sums={costs(due)} /> : <span className="text-text3">{t('summary.nothing')}</span>}
        note={
          <span className="row wrap">
            {ended > 0 && <span className="crit">{t('summary.ended', { count: ended })}</span>}
            {soon > 0 && <span className="warn">{t('summary.soon', { count: soon, days: billDays.warn })}</span>}
            {ended + soon === 0 && t('summary.bills', { count: due.length })}
          </span>
        } />
      <div className="kpi">
        <div className="l">{t('summary.next')}</div>
        <ul className="bills-next">
          {bills.toSorted((a, b) => until(a) - until(b)).slice(0, shown).map((bill) => (
            <li key={bill.id}>
              <span className="ell grow">{bill.name}</span>
              <span className="t3 nw">{f.date(until(bill))}</span>
              <TimeLeft bill={bill} now={now} />
            </li>
          ))}
        </ul>
      </div>
    </Strip>
  )
}

const costs = (bills: BillItem[]): Sum[] => sumByCurrency(bills.filter((b) => b.monthly_cost > 0).map((b) => ({ currency: b.currency, amount: b.monthly_cost })))

/** One currency beside the other: they are never added. */
function Amounts({ sums }: { sums: Sum[] }) {
  const f = useFormat()
  if (sums.length === 0) return <span className="text-text3">–</span>
  return <span className="amounts">{sums.map((s) => <Value key={s.currency} of={f.money(s.amount, s.currency)} />)}</span>
}
