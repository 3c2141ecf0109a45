import { Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Token } from '../../api/types'
import { Button, IconButton } from '../../components/button'
import { Card } from '../../components/card'
import { ConfirmDanger } from '../../components/confirm-danger'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { Pill } from '../../components/pill'
import { SkeletonRows } from '../../components/skeleton'
import { Table } from '../../components/table'
import { notify } from '../../components/toast'
import { useFormat } from '../../lib/use-format'
import { NewToken } from './new-token'
import { useDeleteToken, useTokens } from './queries'

export function Tokens() {
  const { t } = useTranslation('settings')
  const tokens = useTokens()
  const remove = useDeleteToken()
  const [adding, setAdding] = useState(false)
  const [asked, setAsked] = useState<Token | null>(null)
  const add = <Button size="small" icon={Plus} onClick={() => setAdding(true)}>{t('tokens.add')}</Button>
  const confirm = async () => {
    if (!asked) return
    await remove.mutateAsync(asked.id)
    notify.success(t('tokens.deleted', { name: asked.name }))
  }
  return (
    <Card flush title={t('tokens.title')} note={tokens.data?.length || undefined} actions={tokens.data && tokens.data.length > 0 && add}>
      <div className="min-h-20">
        {tokens.isPending && <SkeletonRows rows={2} columns={3} />}
        {tokens.isError && !tokens.data && <ErrorState error={tokens.error} onRetry={() => void tokens.refetch()} />}
        {tokens.data?.length === 0 && <EmptyState title={t('tokens.empty')} text={t('tokens.emptyText')} action={add} />}
        {tokens.data && tokens.data.length > 0 && <TokenTable tokens={tokens.data} onDelete={setAsked} />}
      </div>
      <NewToken open={adding} onOpenChange={setAdding} />
      <ConfirmDanger open={asked !== null} onOpenChange={(open) => !open && setAsked(null)} title={t('tokens.deleteTitle', { name: asked?.name })}
        consequence={t('tokens.consequence')} verb={t('tokens.delete')} busy={t('tokens.deleting')} onConfirm={confirm} />
    </Card>
  )
}

function TokenTable({ tokens, onDelete }: { tokens: Token[]; onDelete: (t: Token) => void }) {
  const { t } = useTranslation('settings')
  const f = useFormat()
  const used = (token: Token) => (token.last_used ? <span title={f.full(Date.parse(token.last_used))}>{f.time(Date.parse(token.last_used))}</span> : <span className="text-text3">{t('tokens.never')}</span>)
  return (
    <Table label={t('tokens.title')} rows={tokens} rowKey={(token) => token.id} columns={[
      { id: 'name', title: t('tokens.name'), cell: (token) => <span className="b">{token.name}</span> },
      { id: 'scopes', title: t('tokens.scopes'), className: 'wrap', cell: (token) => <span className="flex flex-wrap gap-1">{token.scopes.map((s) => <Pill key={s} title={t(`scope.${s.replace(':', '_')}`)}>{s}</Pill>)}</span> },
      { id: 'used', title: t('tokens.used'), className: 'hide-s text-text2', cell: used },
      { id: 'delete', title: '', numeric: true, cell: (token) => <IconButton size="small" icon={Trash2} label={t('tokens.deleteNamed', { name: token.name })} onClick={() => onDelete(token)} /> },
    ]} />
  )
}
