import { Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { PortBytes, ServerItem } from '../../api/types'
import { Button, IconButton } from '../../components/button'
import { Card } from '../../components/card'
import { HowToOpen } from '../../components/closed-by-owner'
import { ConfirmDanger } from '../../components/confirm-danger'
import { CopyButton } from '../../components/copy-button'
import { EmptyState } from '../../components/empty-state'
import { Field, FieldError, Input } from '../../components/field'
import { Tag } from '../../components/pill'
import { Value } from '../../components/quantity'
import { SearchField } from '../../components/search-field'
import { Table } from '../../components/table'
import { notify } from '../../components/toast'
import { useAccess } from '../../lib/access'
import { ApiError } from '../../lib/api'
import { useErrorText } from '../../lib/error-text'
import { useFormat } from '../../lib/use-format'
import { portProblem, portRows } from './traffic-buckets'
import { useChangePort, useTrackedPorts } from './traffic-queries'

interface TrafficPortsProps {
  server: ServerItem
  days: number
  ports: PortBytes[]
  /** As the panel last knew. */
  known: number[]
  /** Whether the server is there to be asked. */
  ask: boolean
}

/** Which ports the agent counts, and what passed them. */
export function TrafficPorts({ server, days, ports, known, ask }: TrafficPortsProps) {
  const { t } = useTranslation('server')
  const f = useFormat()
  const problem = useProblem()
  const access = useAccess(server.id)('traffic')
  const asked = useTrackedPorts(server.id, ask && access !== 'closed' && access !== 'pending')
  const change = useChangePort(server.id)
  const [search, setSearch] = useState('')
  const [leaving, setLeaving] = useState<number | null>(null)
  const tracked = asked.data ?? known
  const rows = portRows(tracked, ports)
  const shown = rows.filter((r) => String(r.port).includes(search.trim().replace(/^:/, '')))
  const lines = rows.map((r) => [r.port, r.rx_bytes, r.tx_bytes].join('\t'))
  const owner = access === 'closed' || access === 'ro' ? <HowToOpen domain="traffic" write /> : null
  const closed = owner ?? (!ask ? t('traffic.ports.offline') : asked.isError ? problem(asked.error) : null)
  return (
    <Card title={t('traffic.ports.title')} note={t('traffic.period', { count: days })} flush actions={
      rows.length > 0 && (
        <>
          <SearchField label={t('traffic.ports.search')} placeholder={t('traffic.ports.port')} value={search} onChange={setSearch} className="w-32" />
          <CopyButton text={lines.join('\n')} label={t('traffic.ports.copy')} />
        </>
      )
    }>
      {closed ? <p className="traffic-closed" role="status">{closed}</p> : <AddPort tracked={tracked} onAdd={(port) => change.mutateAsync({ port, action: 'add' })} />}
      {rows.length === 0 && <EmptyState title={t('traffic.ports.none')} text={t('traffic.ports.noneText')} />}
      {rows.length > 0 && shown.length === 0 && <EmptyState title={t('traffic.ports.noMatch')} />}
      {shown.length > 0 && (
        <Table label={t('traffic.ports.title')} rows={shown} rowKey={(r) => r.port} columns={[
          { id: 'port', title: t('traffic.ports.port'), sortBy: (r) => r.port, cell: (r) => <><span className="mono">{`:${r.port}`}</span>{!r.tracked && <> <Tag title={t('traffic.ports.endedHint')}>{t('traffic.ports.ended')}</Tag></>}</> },
          { id: 'rx', title: t('now.download'), numeric: true, sortBy: (r) => r.rx_bytes, cell: (r) => <Value of={f.bytes(r.rx_bytes)} /> },
          { id: 'tx', title: t('now.upload'), numeric: true, sortBy: (r) => r.tx_bytes, cell: (r) => <Value of={f.bytes(r.tx_bytes)} /> },
          { id: 'remove', title: '', numeric: true, width: 44, cell: (r) => r.tracked && !closed && <IconButton size="small" icon={Trash2} label={t('traffic.ports.remove', { port: r.port })} onClick={() => setLeaving(r.port)} /> },
        ]} />
      )}
      {leaving !== null && (
        <ConfirmDanger open onOpenChange={(open) => !open && setLeaving(null)} title={t('traffic.ports.removeTitle', { port: leaving, name: server.name })} consequence={t('traffic.ports.removeText')}
          verb={t('traffic.ports.removeVerb')} busy={t('traffic.ports.removeBusy')}
          onConfirm={async () => { await change.mutateAsync({ port: leaving, action: 'remove' }); notify.success(t('traffic.ports.removed', { port: leaving })) }} />
      )}
    </Card>
  )
}

function AddPort({ tracked, onAdd }: { tracked: number[]; onAdd: (port: number) => Promise<unknown> }) {
  const { t } = useTranslation('server')
  const problem = useProblem()
  const [value, setValue] = useState('')
  const [wrong, setWrong] = useState<'range' | 'known' | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const add = async () => {
    const found = portProblem(value, tracked)
    setWrong(found)
    setError(null)
    if (found || busy) return
    setBusy(true)
    try {
      await onAdd(Number(value))
      notify.success(t('traffic.ports.added', { port: Number(value) }))
      setValue('')
    } catch (e) {
      setError(e)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form className="traffic-add" onSubmit={(e) => { e.preventDefault(); void add() }} noValidate>
      <Field label={t('traffic.ports.new')} error={wrong && t(`traffic.ports.wrong.${wrong}`)}>
        {(c) => <Input {...c} inputMode="numeric" autoComplete="off" placeholder="443" value={value} onChange={(e) => { setValue(e.target.value); setWrong(null) }} />}
      </Field>
      <Button type="submit" icon={Plus} busy={busy && t('traffic.ports.adding')}>{t('traffic.ports.add')}</Button>
      {error !== null && <FieldError>{problem(error)}</FieldError>}
    </form>
  )
}

/** What to tell when the agent refuses: its owner may have closed this to the panel. */
function useProblem(): (error: unknown) => string {
  const { t } = useTranslation('server')
  const errorText = useErrorText()
  return (error) => (error instanceof ApiError && error.code === 'restricted' ? t('traffic.ports.restricted') : errorText(error).text)
}
