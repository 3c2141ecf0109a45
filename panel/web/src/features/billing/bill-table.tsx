import { CalendarPlus, Ellipsis, FolderInput, Pencil, Trash2, Wallet } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { BillItem } from '../../api/types'
import { Button, IconButton } from '../../components/button'
import { Menu } from '../../components/menu'
import { Value } from '../../components/quantity'
import { StateGlyph } from '../../components/state-glyph'
import { UsageBar } from '../../components/usage-bar'
import { billLevel } from '../../lib/limits'
import { sumByCurrency } from '../../lib/money'
import { text } from '../../lib/format'
import { useFormat } from '../../lib/use-format'
import type { Task } from './bill-dialogs'
import { daysLeft, until } from './forecast'
import type { BillGroup } from './groups'
import { TimeLeft } from './time-left'

/** The length of a full bar: what one payment usually buys. */
const fullBar = 30
const columns = 6

interface BillTableProps {
  groups: BillGroup[]
  now: number
  onTask: (task: Task) => void
}

/** Bills by folder; the folders are headings in one table, so that columns stand under each other. */
export function BillTable({ groups, now, onTask }: BillTableProps) {
  const { t } = useTranslation('billing')
  const plain = groups.length === 1 && groups[0]?.folder === null
  return (
    <div className="tbl-wrap">
      <table className="tbl bills" aria-label={t('title')}>
        <thead>
          <tr>
            <th scope="col">{t('column.name')}</th>
            <th scope="col">{t('column.left')}</th>
            <th scope="col" className="hide-s">{t('column.until')}</th>
            <th scope="col" className="num hide-s">{t('column.cost')}</th>
            <th scope="col" className="num hide-s">{t('column.balance')}</th>
            <th scope="col"><span className="sr">{t('column.actions')}</span></th>
          </tr>
        </thead>
        {groups.map((group) => (
          <tbody key={group.folder ?? ''}>
            {!plain && <FolderRow group={group} onTask={onTask} />}
            {group.bills.map((bill) => <BillRow key={bill.id} bill={bill} now={now} onTask={onTask} />)}
          </tbody>
        ))}
      </table>
    </div>
  )
}

function FolderRow({ group: { folder, bills }, onTask }: { group: BillGroup; onTask: (task: Task) => void }) {
  const { t } = useTranslation('billing')
  const f = useFormat()
  const sums = sumByCurrency(bills.map((b) => ({ currency: b.currency, amount: b.monthly_cost }))).filter((s) => s.amount > 0)
  return (
    <tr className="fold">
      <th colSpan={columns} scope="rowgroup">
        <div className="row">
          <h2 className="ell">{folder ?? t('folder.none')}</h2>
          <span className="t3">{f.count(bills.length)}</span>
          {folder !== null && (
            <>
              <IconButton size="small" icon={Pencil} label={t('folder.rename', { name: folder })} onClick={() => onTask({ kind: 'renameFolder', folder })} />
              <IconButton size="small" icon={Trash2} label={t('folder.delete', { name: folder })} onClick={() => onTask({ kind: 'deleteFolder', folder, count: bills.length })} />
            </>
          )}
          <span className="grow" />
          <span className="t3 sm hide-s">{sums.length > 0 && t('folder.month', { sum: sums.map((s) => text(f.money(s.amount, s.currency))).join(' + ') })}</span>
        </div>
      </th>
    </tr>
  )
}

function BillRow({ bill, now, onTask }: { bill: BillItem; now: number; onTask: (task: Task) => void }) {
  const { t } = useTranslation('billing')
  const f = useFormat()
  const days = daysLeft(bill, now)
  const level = billLevel(days)
  const resource = bill.billing_type === 'resource'
  const figures = bill.monthly_cost > 0 ? `${text(f.money(bill.monthly_cost, bill.currency))} · ` : ''
  return (
    <tr>
      <td>
        <div className="row">
          <StateGlyph quiet state={days <= 0 ? 'offline' : level === 'crit' ? 'critical' : level === 'warn' ? 'attention' : 'online'} />
          <div className="min-w-0">
            <button type="button" className="bill-name ell" title={bill.name} onClick={() => onTask({ kind: 'edit', bill })}>{bill.name}</button>
            <span className="bill-note ell" title={bill.notes || undefined}><span className="only-phone">{figures}</span>{[t(`model.${bill.billing_type}`), bill.notes.split('\n')[0]].filter(Boolean).join(' · ')}</span>
          </div>
        </div>
      </td>
      <td>
        <div className="bill-left">
          <TimeLeft bill={bill} now={now} />
          <UsageBar percent={(100 * days) / fullBar} level={level} />
          <span className="only-s cap">{f.date(until(bill))}</span>
        </div>
      </td>
      <td className="hide-s text-text2" title={f.full(until(bill))}>{days > 0 || !resource ? f.date(until(bill)) : <span className="t3">–</span>}</td>
      <td className="num hide-s">{bill.monthly_cost > 0 ? <Value of={f.money(bill.monthly_cost, bill.currency)} /> : <span className="t3">–</span>}</td>
      <td className="num hide-s">{resource ? <Value of={f.money(bill.account_balance, bill.currency, true)} /> : <span className="t3">–</span>}</td>
      <td className="num"><RowActions bill={bill} onTask={onTask} /></td>
    </tr>
  )
}

function RowActions({ bill, onTask }: { bill: BillItem; onTask: (task: Task) => void }) {
  const { t } = useTranslation('billing')
  const pay = bill.billing_type === 'resource' ? ({ kind: 'topUp', icon: Wallet } as const) : ({ kind: 'extend', icon: CalendarPlus } as const)
  const run = (kind: 'edit' | 'move' | 'delete' | 'extend' | 'topUp') => () => onTask({ kind, bill })
  return (
    <span className="row justify-end">
      <Button size="small" className="hide-s" icon={pay.icon} aria-label={t(`${pay.kind}.named`, { name: bill.name })} onClick={run(pay.kind)}>{t(`${pay.kind}.action`)}</Button>
      <Menu trigger={<IconButton icon={Ellipsis} size="small" label={t('menu.label', { name: bill.name })} />} items={[
        { label: t(`${pay.kind}.action`), icon: pay.icon, onSelect: run(pay.kind) },
        { label: t('menu.edit'), icon: Pencil, onSelect: run('edit') },
        { label: t('menu.move'), icon: FolderInput, onSelect: run('move') },
        { label: t('menu.delete'), icon: Trash2, danger: true, separated: true, onSelect: run('delete') },
      ]} />
    </span>
  )
}
