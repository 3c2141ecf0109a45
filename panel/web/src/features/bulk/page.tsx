import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import type { ServerItem } from '../../api/types'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { OperationList } from '../../components/operation-list'
import { PageBody, PageHeader } from '../../components/page-header'
import { useServers } from '../../lib/fleet'
import './bulk.css'
import { ActionForm } from './form'
import { JobCard } from './job-card'
import { JobList } from './lists'
import { Picker } from './picker'

/** One change on many servers. */
export function BulkPage() {
  const { t } = useTranslation('bulk')
  const servers = useServers()
  return (
    <>
      <PageHeader title={t('title')} />
      <PageBody>
        {servers.isPending ? <span className="sk sk-late" aria-busy="true" style={{ height: 420 }} />
          : servers.isError ? <ErrorState error={servers.error} onRetry={() => void servers.refetch()} />
            : servers.data.length === 0 ? <EmptyState title={t('empty.title')} text={t('empty.text')} />
              : <Bulk servers={servers.data} />}
      </PageBody>
    </>
  )
}

function Bulk({ servers }: { servers: ServerItem[] }) {
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set())
  const [params, setParams] = useSearchParams()
  const job = params.get('job')
  const open = (id: string) => setParams((old) => { old.set('job', id); return old }, { replace: true })
  return (
    <div className="bulk">
      <Picker servers={servers} chosen={chosen} onChange={setChosen} />
      <div className="stack">
        <ActionForm chosen={servers.filter((s) => chosen.has(s.id))} onStarted={open} />
        {job && <JobCard key={job} id={job} onOpen={open} />}
        <OperationList />
        <JobList current={job} onOpen={open} />
      </div>
    </div>
  )
}
