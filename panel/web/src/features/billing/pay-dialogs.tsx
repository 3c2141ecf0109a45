import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { BillItem } from '../../api/types'
import { Button } from '../../components/button'
import { Dialog } from '../../components/dialog'
import { Field, Input } from '../../components/field'
import { notify } from '../../components/toast'
import { useErrorText } from '../../lib/error-text'
import { text } from '../../lib/format'
import { addMoney, maxMoney, parseMoney } from '../../lib/money'
import { useFormat } from '../../lib/use-format'
import { useNow } from '../../lib/use-now'
import { mostDays } from './bill-form'
import { extended, lasts, until } from './forecast'
import { Preview } from './preview'
import { useExtendBill, useTopUpBill } from './queries'

const steps = [7, 30, 90, 365]
const minute = 60_000

interface PayProps {
  bill: BillItem
  onClose: () => void
}

/** Prolongs a monthly bill by days, from its end or, if that is past, from now. */
export function ExtendDialog({ bill, onClose }: PayProps) {
  const { t } = useTranslation('billing')
  const f = useFormat()
  const now = useNow(minute)
  const pay = useExtendBill()
  const [value, setValue] = useState('30')
  const days = /^\d{1,5}$/.test(value.trim()) && Number(value) >= 1 && Number(value) <= mostDays ? Number(value) : null
  const end = until(bill)
  const save = async () => {
    if (days === null) return
    const saved = await pay.mutateAsync({ id: bill.id, days })
    notify.success(t('toast.extended', { name: bill.name, date: f.date(until(saved)) }))
    onClose()
  }
  return (
    <PayDialog title={t('extend.title', { name: bill.name })} verb={t('extend.verb')} busy={pay.isPending} good={days !== null} onSave={save} onClose={onClose}
      field={(error) => (
        <>
          <Field label={t('field.days')} error={error ?? (days === null && value.trim() ? t('problem.extend') : undefined)}>
            {(c) => <Input {...c} autoFocus inputMode="numeric" autoComplete="off" value={value} onChange={(e) => setValue(e.target.value)} />}
          </Field>
          <div className="row wrap">
            {steps.map((n) => <Button key={n} size="small" onClick={() => setValue(String(n))}>{t('field.daysStep', { count: n })}</Button>)}
          </div>
          <Preview from={end} to={days === null ? null : extended(end, days, now)} now={now} note={end < now ? t('extend.fromNow') : undefined} />
        </>
      )} />
  )
}

/** Adds to an account that is consumed by the day. */
export function TopUpDialog({ bill, onClose }: PayProps) {
  const { t } = useTranslation('billing')
  const f = useFormat()
  const now = useNow(minute)
  const pay = useTopUpBill()
  const [value, setValue] = useState('')
  const amount = parseMoney(value)
  const good = amount !== null && amount > 0
  const after = addMoney(bill.account_balance ?? 0, amount ?? 0)
  const save = async () => {
    if (!good) return
    const saved = await pay.mutateAsync({ id: bill.id, amount })
    notify.success(t('toast.toppedUp', { name: bill.name, balance: text(f.money(saved.account_balance, saved.currency, true)) }), t('toast.lastsUntil', { date: f.date(until(saved)) }))
    onClose()
  }
  return (
    <PayDialog title={t('topUp.title', { name: bill.name })} verb={t('topUp.verb')} busy={pay.isPending} good={good && after <= maxMoney} onSave={save} onClose={onClose}
      field={(error) => (
        <>
          <Field label={t('field.amount', { currency: bill.currency })} error={error ?? (value.trim() && !good ? t('problem.amount') : undefined)}
            note={t('topUp.note', { before: text(f.money(bill.account_balance, bill.currency, true)), after: text(f.money(after, bill.currency, true)) })}>
            {(c) => <Input {...c} autoFocus inputMode="decimal" autoComplete="off" value={value} onChange={(e) => setValue(e.target.value)} />}
          </Field>
          <Preview from={until(bill)} to={now + lasts(after, bill.monthly_cost)} now={now} note={bill.monthly_cost > 0 ? undefined : t('topUp.noCost')} />
        </>
      )} />
  )
}

interface PayDialogProps {
  title: string
  verb: string
  busy: boolean
  good: boolean
  field: (error: string | undefined) => React.ReactNode
  onSave: () => Promise<void>
  onClose: () => void
}

function PayDialog({ title, verb, busy, good, field, onSave, onClose }: PayDialogProps) {
  const { t } = useTranslation('billing')
  const { t: common } = useTranslation('components')
  const errorText = useErrorText()
  const [error, setError] = useState<string>()
  const save = () => onSave().catch((e: unknown) => setError(errorText(e).text))
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={title} onSubmit={() => void save()}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>{common('cancel')}</Button>
          <Button kind="main" type="submit" disabled={!good} busy={busy && t('saving')}>{verb}</Button>
        </>
      }>
      {field(error)}
    </Dialog>
  )
}
