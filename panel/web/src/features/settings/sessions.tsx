import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { SessionItem } from '../../api/types'
import { Button } from '../../components/button'
import { Card } from '../../components/card'
import { ConfirmDanger } from '../../components/confirm-danger'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { Pill } from '../../components/pill'
import { SkeletonRows } from '../../components/skeleton'
import { Table } from '../../components/table'
import { notify } from '../../components/toast'
import { useFormat } from '../../lib/use-format'
import { useEndSession, useSessions } from './queries'
import { browserName } from './user-agent'

export function Sessions() {
  const { t } = useTranslation('settings')
  const sessions = useSessions()
  const end = useEndSession()
  const [asked, setAsked] = useState<SessionItem | 'others' | null>(null)
  const others = sessions.data?.filter((s) => !s.current) ?? []
  const one = asked !== 'others' ? asked : null
  const confirm = async () => {
    await end.mutateAsync(one?.id ?? null)
    notify.success(one ? t('sessions.ended') : t('sessions.endedAll', { count: others.length }))
  }
  return (
    <Card flush title={t('sessions.title')} note={sessions.data?.length} actions={others.length > 0 && <Button size="small" kind="danger" onClick={() => setAsked('others')}>{t('sessions.endOthers')}</Button>}>
      <div className="min-h-20">
        {sessions.isPending && <SkeletonRows rows={2} columns={4} />}
        {sessions.isError && !sessions.data && <ErrorState error={sessions.error} onRetry={() => void sessions.refetch()} />}
        {sessions.data?.length === 0 && <EmptyState title={t('sessions.empty')} text={t('sessions.emptyText')} />}
        {sessions.data && sessions.data.length > 0 && <SessionTable sessions={sessions.data} onEnd={setAsked} />}
      </div>
      <ConfirmDanger open={asked !== null} onOpenChange={(open) => !open && setAsked(null)} onConfirm={confirm}
        title={one ? t('sessions.endOne', { browser: browserName(one.user_agent) }) : t('sessions.endOthersTitle', { count: others.length })}
        consequence={t('sessions.consequence')} verb={t('sessions.end')} busy={t('sessions.ending')}
        items={one ? [one.ip] : others.map((s) => `${browserName(s.user_agent)}, ${s.ip}`)} />
    </Card>
  )
}

function SessionTable({ sessions, onEnd }: { sessions: SessionItem[]; onEnd: (s: SessionItem) => void }) {
  const { t } = useTranslation('settings')
  const f = useFormat()
  return (
    <Table label={t('sessions.title')} rows={sessions} rowKey={(s) => s.id} columns={[
      { id: 'browser', title: t('sessions.browser'), cell: (s) => <span className="row"><span className="b" title={s.user_agent}>{browserName(s.user_agent)}</span>{s.current && <Pill>{t('sessions.current')}</Pill>}</span> },
      { id: 'ip', title: t('sessions.ip'), cell: (s) => <span className="mono text-text2">{s.ip}</span> },
      { id: 'used', title: t('sessions.used'), className: 'hide-s', cell: (s) => <span className="text-text2" title={f.full(Date.parse(s.last_used))}>{f.time(Date.parse(s.last_used))}</span> },
      { id: 'end', title: '', numeric: true, cell: (s) => !s.current && <Button size="small" kind="ghost" onClick={() => onEnd(s)}>{t('sessions.end')}</Button> },
    ]} />
  )
}
