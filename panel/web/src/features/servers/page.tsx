import { Plus } from 'lucide-react'
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import type { ServerItem, TestResponse } from '../../api/types'
import { Button } from '../../components/button'
import { EmptyState } from '../../components/empty-state'
import { ErrorState } from '../../components/error-state'
import { PageHeader } from '../../components/page-header'
import { SkeletonRows } from '../../components/skeleton'
import { sortRows } from '../../components/table'
import { notify } from '../../components/toast'
import { useCommands } from '../../lib/commands'
import { useErrorText } from '../../lib/error-text'
import { useServers } from '../../lib/fleet'
import { live, useFleetTotals } from '../../lib/live'
import { useFormat } from '../../lib/use-format'
import { AddDrawer, type AddTab } from './add-drawer'
import { type BulkAction, BulkBar } from './bulk-bar'
import { useColumns } from './columns'
import { EditDrawer } from './edit-drawer'
import { Filters } from './filters'
import { InstallDrawer } from './install-drawer'
import { shows, useListView } from './list-view'
import { useTestServer } from './queries'
import type { RowAction } from './row-menu'
import { useSelection } from './selection'
import { DeleteDialog, MoveDialog } from './server-dialogs'
import { ServerTable } from './server-table'
import './servers.css'
import { TestDialog } from './test-dialog'
import { useServerActions } from './use-server-actions'

/** Every server as a list: find, add, change, disable, delete. */
export function ServersPage() {
  const { t } = useTranslation('servers')
  const f = useFormat()
  const servers = useServers()
  const [adding, setAdding] = useAddTab()
  const scroller = useRef<HTMLElement>(null)
  useCommands([{ id: 'add-server', label: t('add.title'), icon: Plus, keys: 'N', run: () => setAdding('one') }])
  return (
    <>
      <PageHeader title={t('title')} actions={servers.data?.length !== 0 && <Button kind="main" icon={Plus} onClick={() => setAdding('one')}>{t('add.title')}</Button>}>
        {servers.data && servers.data.length > 0 && <span className="text-text3">{f.count(servers.data.length)}</span>}
      </PageHeader>
      <main ref={scroller} id="content" tabIndex={0} className="scroll">
        {servers.isPending && <section className="card"><SkeletonRows rows={12} columns={5} /></section>}
        {servers.isError && !servers.data && <section className="card void-card"><ErrorState error={servers.error} onRetry={() => void servers.refetch()} /></section>}
        {servers.data?.length === 0 && (
          <section className="card void-card">
            <EmptyState title={t('empty.title')} text={t('empty.text')} action={<Button kind="main" icon={Plus} onClick={() => setAdding('one')}>{t('add.title')}</Button>} />
          </section>
        )}
        {servers.data && servers.data.length > 0 && <List servers={servers.data} scroller={scroller} />}
      </main>
      {adding && <AddDrawer tab={adding} onTab={setAdding} onClose={() => setAdding(null)} />}
    </>
  )
}

/** The drawer lives in the address: ?add, ?add=list. */
function useAddTab(): [AddTab | null, (tab: AddTab | null) => void] {
  const [params, setParams] = useSearchParams()
  const value = params.get('add')
  const set = useCallback((tab: AddTab | null) => setParams((old) => {
    const next = new URLSearchParams(old)
    if (tab === null) next.delete('add')
    else next.set('add', tab === 'list' ? 'list' : '')
    return next
  }, { replace: true }), [setParams])
  return [value === null ? null : value === 'list' ? 'list' : 'one', set]
}

interface Task {
  kind: Exclude<RowAction, 'test'>
  servers: ServerItem[]
}

function List({ servers, scroller }: { servers: ServerItem[]; scroller: React.RefObject<HTMLElement | null> }) {
  const { t } = useTranslation('servers')
  const [view, setView] = useListView()
  const [task, setTask] = useState<Task | null>(null)
  const { setActive } = useServerActions()
  const tests = useTests()
  const act = (action: RowAction, server: ServerItem) => (action === 'test' ? tests.run(server) : setTask({ kind: action, servers: [server] }))
  const columns = useColumns({ testing: tests.running, setActive: useStable((s, on) => void setActive([s], on)), act: useStable(act) })
  const totals = useFleetTotals() // states change with the live values
  const query = useDeferredValue(view.query)
  const found = useMemo(() => servers.filter((s) => shows({ ...view, query }, s, live.server(s.id))), [servers, view, query, totals]) // eslint-disable-line react-hooks/exhaustive-deps -- the live store changes in place; totals tells when
  const order = useMemo(() => sortRows(servers, columns, view.sort).map((s) => s.id), [servers, columns, view.sort])
  const shown = useMemo(() => {
    const place = new Map(order.map((id, i) => [id, i]))
    return found.toSorted((a, b) => place.get(a.id)! - place.get(b.id)!)
  }, [found, order])
  const selection = useSelection(useMemo(() => shown.map((s) => s.id), [shown]))
  const chosen = shown.filter((s) => selection.ids.has(s.id))
  const bulk = (action: BulkAction) => {
    if (action === 'move' || action === 'delete') setTask({ kind: action, servers: chosen })
    else void setActive(chosen, action === 'enable')
  }
  return (
    <>
      <section className="card server-list">
        <div className="card-h">
          <Filters view={view} onChange={setView} />
          <span className="cap grow" role="status">{shown.length < servers.length && t('filter.shown', { count: shown.length, all: servers.length })}</span>
        </div>
        {shown.length > 0 && <ServerTable servers={shown} columns={columns} sort={view.sort} onSort={(sort) => setView({ sort })} selection={selection} scroller={scroller} />}
        {shown.length === 0 && <EmptyState title={t('none.title')} text={t('none.text')} action={<Button size="small" onClick={() => setView({ query: '', state: null, folder: undefined })}>{t('none.clear')}</Button>} />}
      </section>
      {chosen.length > 0 && <BulkBar count={chosen.length} onAction={bulk} onClear={selection.clear} />}
      {task && <TaskDialog task={task} onClose={() => setTask(null)} />}
      {tests.failed && <TestDialog server={tests.failed.server} result={tests.failed.result} onClose={tests.close} onAgain={() => tests.run(tests.failed!.server)} />}
    </>
  )
}

function TaskDialog({ task: { kind, servers }, onClose }: { task: Task; onClose: () => void }) {
  const first = servers[0]!
  switch (kind) {
    case 'edit':
      return <EditDrawer server={first} onClose={onClose} />
    case 'install':
      return <InstallDrawer server={first} onClose={onClose} />
    case 'move':
      return <MoveDialog servers={servers} onClose={onClose} />
    case 'delete':
      return <DeleteDialog servers={servers} onClose={onClose} />
  }
}

/** Tests of single servers: good news as a toast, bad news as a dialog. */
function useTests() {
  const { t } = useTranslation('servers')
  const errorText = useErrorText()
  const test = useTestServer()
  const [running, setRunning] = useState<ReadonlySet<number>>(new Set())
  const [failed, setFailed] = useState<{ server: ServerItem; result: TestResponse } | null>(null)
  const run = async (server: ServerItem) => {
    setFailed(null)
    setRunning((old) => new Set(old).add(server.id))
    try {
      const result = await test.mutateAsync(server.id)
      if (result.success) notify.success(t('test.ok', { name: server.name }), t('test.okDetail', { host: result.server_name, version: result.version }))
      else setFailed({ server, result })
    } catch (error) {
      notify.error(t('test.notRun', { name: server.name }), errorText(error).text)
    } finally {
      setRunning((old) => new Set([...old].filter((id) => id !== server.id)))
    }
  }
  return { running, failed, run: (server: ServerItem) => void run(server), close: () => setFailed(null) }
}

/** A callback that keeps its identity and calls the newest code, so that columns are made once. */
function useStable<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
  const latest = useRef(callback)
  useEffect(() => {
    latest.current = callback
  })
  return useCallback((...args: A) => latest.current(...args), [])
}
