import { Bell, BellOff, Plus } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import type { BillItem } from '../../api/types'
import { Button, LinkButton } from '../../components/button'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { PageBody, PageHeader } from '../../components/page-header'
import { SearchField } from '../../components/search-field'
import { Loading, Skeleton, SkeletonRows } from '../../components/skeleton'
import { telegramReady, useChannels } from '../../lib/channels'
import { useCommands } from '../../lib/commands'
import { useFormat } from '../../lib/use-format'
import { useNow } from '../../lib/use-now'
import { BillDialogs, type Task } from './bill-dialogs'
import { BillTable } from './bill-table'
import './billing.css'
import { groupBills, matches } from './groups'
import { useBillingSettings, useBills } from './queries'
import { Summary } from './summary'

const minute = 60_000

/** What has to be paid for and until when; reminders go out in time. */
export function BillingPage() {
  const { t } = useTranslation('billing')
  const f = useFormat()
  const bills = useBills()
  const [task, setTask] = useState<Task | null>(null)
  const [params, setParams] = useSearchParams()
  const query = params.get('query') ?? ''
  const search = (value: string) => setParams(value ? { query: value } : {}, { replace: true })
  const add = () => setTask({ kind: 'add' })
  useCommands([{ id: 'add-bill', label: t('add'), icon: Plus, keys: 'N', run: add }])
  const some = bills.data && bills.data.length > 0
  return (
    <>
      <PageHeader title={t('title')} actions={
        <>
          <RemindersButton onClick={() => setTask({ kind: 'reminders' })} />
          {bills.data?.length !== 0 && <Button kind="main" icon={Plus} onClick={add} aria-label={t('add')}><span className="hide-s">{t('add')}</span></Button>}
        </>
      }>
        {some && <span className="text-text3">{f.count(bills.data.length)}</span>}
        {some && <SearchField shortcut label={t('search')} placeholder={t('searchHint')} value={query} onChange={search} className="bills-search" />}
      </PageHeader>
      <PageBody>
        {bills.isPending && <BillsSkeleton />}
        {bills.isError && !bills.data && <section className="card bills-void"><ErrorState error={bills.error} onRetry={() => void bills.refetch()} /></section>}
        {bills.data?.length === 0 && (
          <section className="card bills-void">
            <EmptyState title={t('empty.title')} text={t('empty.text')} action={<Button kind="main" icon={Plus} onClick={add}>{t('add')}</Button>} />
          </section>
        )}
        {some && <Loaded bills={bills.data} query={query} onClear={() => search('')} onTask={setTask} />}
      </PageBody>
      {task && <BillDialogs task={task} bills={bills.data ?? []} onClose={() => setTask(null)} />}
    </>
  )
}

function Loaded({ bills, query, onClear, onTask }: { bills: BillItem[]; query: string; onClear: () => void; onTask: (task: Task) => void }) {
  const { t } = useTranslation('billing')
  const now = useNow(minute)
  const wanted = useDeferredValue(query.trim())
  const shown = wanted ? bills.filter((b) => matches(b, wanted)) : bills
  return (
    <>
      <Unheard />
      <Summary bills={bills} now={now} />
      <section className="card">
        {shown.length > 0 && <BillTable groups={groupBills(shown)} now={now} onTask={onTask} />}
        {shown.length === 0 && <EmptyState title={t('none.title')} text={t('none.text')} action={<Button size="small" onClick={onClear}>{t('none.clear')}</Button>} />}
      </section>
    </>
  )
}

/** Reminders that nobody would get are worse than none. */
function Unheard() {
  const { t } = useTranslation('billing')
  const reminders = useBillingSettings().data
  const channels = useChannels().data
  if (!reminders?.enabled || !channels || telegramReady(channels)) return null
  return (
    <div className="banner" role="status">
      <span className="grow">{t('reminders.unheard')}</span>
      <LinkButton size="small" to="/alerts/channels">{t('reminders.setUp')}</LinkButton>
    </div>
  )
}

function RemindersButton({ onClick }: { onClick: () => void }) {
  const { t } = useTranslation('billing')
  const settings = useBillingSettings().data
  const on = settings?.enabled ?? false
  const label = on ? t('reminders.on', { days: settings?.notify_days.toReversed().join(', ') }) : t('reminders.off')
  return <Button icon={on ? Bell : BellOff} onClick={onClick} aria-label={`${t('reminders.title')}: ${label}`}><span className="hide-s">{label}</span></Button>
}

function BillsSkeleton() {
  return (
    <>
      <Loading className="strip bills-sum">{[0, 1, 2].map((i) => <div key={i} className="kpi"><Skeleton width={90} /><Skeleton width={130} height={22} className="mt-2" /><Skeleton width={110} className="mt-2" /></div>)}</Loading>
      <section className="card"><SkeletonRows rows={9} columns={5} /></section>
    </>
  )
}
