import { FolderPlus, LayoutGrid, List, Plus, Rows3, Square } from 'lucide-react'
import { useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ServerItem } from '../../api/types'
import { Button, IconButton, LinkButton } from '../../components/button'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { PageBody, PageHeader } from '../../components/page-header'
import { Segmented } from '../../components/segmented'
import { StateGlyph } from '../../components/state-glyph'
import { notify } from '../../components/toast'
import { ApiError } from '../../lib/api'
import { useCommands } from '../../lib/commands'
import { serverState, useFolders, useServers } from '../../lib/fleet'
import { live, useFleetTotals } from '../../lib/live'
import { useCollectInterval } from '../../lib/settings'
import { useFormat } from '../../lib/use-format'
import { Attention } from './attention'
import { Board } from './board'
import './dashboard.css'
import { DashboardSkeleton } from './dashboard-skeleton'
import { FleetMap } from './fleet-map'
import { FleetStrip } from './fleet-strip'
import { FolderDialogs, type FolderDialog } from './folder-dialogs'
import { type Filter, countStates, filters, groupServers, matches } from './groups'
import { useMoveServer, useReorderFolders } from './queries'
import { type Density, densities, setDensity, toggleOverview, useDensity, useFilter, useOverview } from './view'

const icons = { compact: LayoutGrid, normal: Rows3, detailed: Square, list: List }

/** The fleet in one look: figures, map, what needs attention, then every server in its folder. */
export function DashboardPage() {
  const servers = useServers()
  const folders = useFolders()
  const { t } = useTranslation('dashboard')
  if (servers.isPending || folders.isPending) return <><PageHeader title={t('title')} /><DashboardSkeleton /></>
  if (servers.isError) return <><PageHeader title={t('title')} /><PageBody><ErrorState error={servers.error} onRetry={() => void servers.refetch()} /></PageBody></>
  return <Loaded servers={servers.data} folderList={folders.data ?? []} />
}

function Loaded({ servers, folderList }: { servers: ServerItem[]; folderList: { name: string; position: number }[] }) {
  const { t } = useTranslation('dashboard')
  const [filter, setFilter] = useFilter()
  const density = useDensity()
  const overview = useOverview()
  const [dialog, setDialog] = useState<FolderDialog | null>(null)
  const scroller = useRef<HTMLElement>(null)
  const totals = useFleetTotals() // states change with the live values
  const failed = (error: unknown) => notify.error(t('toast.notMoved'), error instanceof ApiError ? error.detail : undefined)
  const move = useMoveServer(failed)
  const reorder = useReorderFolders()
  const groups = useMemo(() => groupServers(servers, folderList), [servers, folderList])
  const shown = useMemo(() => {
    if (filter === 'all') return groups
    const fits = (s: ServerItem) => matches(serverState(s, live.server(s.id)), filter)
    return groups.map((g) => ({ ...g, servers: g.servers.filter(fits) })).filter((g) => g.servers.length > 0)
  }, [groups, filter, totals]) // eslint-disable-line react-hooks/exhaustive-deps -- the live store changes in place; totals tells when
  useCommands([
    ...densities.map((d, i) => ({ id: `density-${d}`, label: t(`density.${d}`), keys: String(i + 1), run: () => setDensity(d) })),
    { id: 'new-folder', label: t('folder.new'), icon: FolderPlus, run: () => setDialog({ kind: 'create' }) },
    { id: 'overview', label: t('overview'), run: toggleOverview },
  ])
  return (
    <>
      <Header servers={servers} filter={filter} onFilter={setFilter} density={density} onNewFolder={() => setDialog({ kind: 'create' })} />
      <main ref={scroller} id="content" tabIndex={0} className="scroll">
        <div className="stack">
          {overview && servers.length > 0 && (
            <>
              <FleetStrip />
              <div className="over">
                <FleetMap groups={groups} filter={filter} />
                <Attention servers={servers} />
              </div>
            </>
          )}
          {servers.length === 0 && <EmptyState title={t('empty.title')} text={t('empty.text')} action={<LinkButton kind="main" icon={Plus} to="/servers?add">{t('add')}</LinkButton>} />}
          {servers.length > 0 && shown.length === 0 && <EmptyState title={t('none.title')} text={t('none.text')} action={<Button onClick={() => setFilter('all')}>{t('none.all')}</Button>} />}
          {servers.length > 0 && shown.length > 0 && (
            <Board
              groups={shown} servers={servers} density={density} movable={filter === 'all'} scroller={scroller}
              onMove={(id, folder, next, toFolder) => move.mutate({ id, folder, servers: next, toFolder })} onMoveFolder={(names) => reorder.mutate(names, { onError: failed })}
              onRename={(name) => setDialog({ kind: 'rename', name })} onDelete={(name) => setDialog({ kind: 'delete', name, count: groups.find((g) => g.name === name)?.servers.length ?? 0 })}
            />
          )}
        </div>
      </main>
      {dialog && <FolderDialogs dialog={dialog} onClose={() => setDialog(null)} />}
    </>
  )
}

interface HeaderProps {
  servers: ServerItem[]
  filter: Filter
  onFilter: (filter: Filter) => void
  density: Density
  onNewFolder: () => void
}

function Header({ servers, filter, onFilter, density, onNewFolder }: HeaderProps) {
  const { t } = useTranslation('dashboard')
  const f = useFormat()
  useFleetTotals()
  const counts = countStates(servers, live.all())
  const interval = useCollectInterval()
  return (
    <PageHeader
      title={t('title')}
      actions={
        <>
          <span className="live hide-m">{t('every', { seconds: interval })}</span>
          <Segmented label={t('densityLabel')} value={density} options={densities.map((d) => ({ value: d, label: t(`density.${d}`), icon: icons[d] }))} onChange={setDensity} />
          <IconButton kind="plain" className="hide-s" icon={FolderPlus} label={t('folder.new')} onClick={onNewFolder} />
          <LinkButton kind="main" icon={Plus} to="/servers?add" aria-label={t('add')}><span className="hide-s">{t('addShort')}</span></LinkButton>
        </>
      }
    >
      <div className="ffilter" role="group" aria-label={t('filterLabel')}>
        {filters.map((name) => (
          <button key={name} type="button" className="fchip" aria-pressed={name === filter} onClick={() => onFilter(name)}>
            {name !== 'all' && <StateGlyph state={name} quiet />}
            <span>{t(`filter.${name}`)}</span>
            <b>{f.count(counts[name])}</b>
          </button>
        ))}
      </div>
    </PageHeader>
  )
}
