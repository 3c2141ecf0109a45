import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import type { ServerItem } from '../api/types'
import { useServers } from '../lib/fleet'
import { EmptyState } from './empty-state'
import { ErrorState } from './error-state'
import { PageBody } from './page-header'

const blank = <PageBody><span className="sk sk-late" aria-busy="true" style={{ height: 320 }} /></PageBody>

/** The page of the server that the address names, once it is known; it begins anew for another server. */
export function OneServer({ of: Page, skeleton = blank }: { of: (props: { server: ServerItem }) => ReactNode; skeleton?: ReactNode }) {
  const { t } = useTranslation('components')
  const id = Number(useParams().id)
  const servers = useServers()
  const server = servers.data?.find((s) => s.id === id)
  if (servers.isPending) return skeleton
  if (servers.isError) return <PageBody><ErrorState error={servers.error} onRetry={() => void servers.refetch()} /></PageBody>
  if (!server) return <PageBody><EmptyState title={t('noServer.title')} text={t('noServer.text')} /></PageBody>
  return <Page key={id} server={server} />
}
