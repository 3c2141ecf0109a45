import { PageBody } from '../../components/page-header'
import { Loading, Skeleton } from '../../components/skeleton'

/** The shape of the page before the servers are known. */
export function DashboardSkeleton() {
  return (
    <PageBody>
      <Loading className="stack">
        <Skeleton height={92} />
        <div className="over"><Skeleton height={172} /><Skeleton height={172} /></div>
        <Skeleton height={20} width={160} />
        <div className="cards" style={{ gridTemplateColumns: 'repeat(auto-fill, minmax(266px, 1fr))', gap: 8 }}>
          {Array.from({ length: 12 }, (_, i) => <Skeleton key={i} height={166} />)}
        </div>
      </Loading>
    </PageBody>
  )
}
