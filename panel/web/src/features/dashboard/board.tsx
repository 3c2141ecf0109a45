import { DndContext, type DragEndEvent, DragOverlay, type DragStartEvent, KeyboardSensor, PointerSensor, closestCenter, useDraggable, useDroppable, useSensor, useSensors } from '@dnd-kit/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { GripVertical } from 'lucide-react'
import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ServerItem } from '../../api/types'
import { FolderHeading } from './folder-heading'
import { type Group, type Line, layout, moved } from './groups'
import { ServerCard } from './server-card'
import { ListHead, ServerRow } from './server-row'
import { type Density, cardSize, useFolded } from './view'

interface BoardProps {
  groups: Group[]
  servers: ServerItem[]
  density: Density
  /** Dragging makes sense only where all servers are in view, not in a filtered list. */
  movable: boolean
  scroller: RefObject<HTMLElement | null>
  onMove: (id: number, folder: string | null, servers: ServerItem[], toFolder: boolean) => void
  onMoveFolder: (names: string[]) => void
  onRename: (name: string) => void
  onDelete: (name: string) => void
}

const folderId = (name: string | null) => `folder:${name ?? ''}`

/** The folders with their cards, or with their rows. Only the lines in view exist. */
export function Board(props: BoardProps) {
  const { groups, servers, density, movable, scroller } = props
  const folded = useFolded()
  const [width, host] = useWidth()
  const { width: wanted, gap, line } = cardSize[density]
  const columns = density === 'list' ? 1 : Math.max(1, Math.floor((width + gap) / (wanted + gap)))
  const lines = useMemo(() => layout(groups, folded, columns), [groups, folded, columns])
  const [dragged, setDragged] = useState<ServerItem | null>(null)
  const sensors = useSensors(useSensor(PointerSensor, { activationConstraint: { distance: 6 } }), useSensor(KeyboardSensor))
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: (i) => (lines[i]?.kind === 'folder' ? 40 : lines[i]?.kind === 'empty' ? 44 : line + gap),
    getItemKey: (i) => lines[i]?.key ?? i,
    overscan: 4,
    scrollMargin: host.current?.offsetTop ?? 0,
  })
  useEffect(() => virtual.measure(), [virtual, density, columns])

  const drop = ({ active, over }: DragEndEvent) => {
    setDragged(null)
    if (!over || active.id === over.id) return
    const [kind, value] = split(String(over.id))
    if (String(active.id).startsWith('folder:')) {
      props.onMoveFolder(reordered(groups, String(active.id).slice(7), kind === 'folder' ? value : (servers.find((s) => s.id === Number(value))?.folder ?? '')))
      return
    }
    const id = Number(split(String(active.id))[1])
    const target = kind === 'folder' ? null : Number(value)
    const folder = target == null ? value || null : (servers.find((s) => s.id === target)?.folder ?? null)
    const next = moved(servers, id, folder, target)
    if (next !== servers) props.onMove(id, folder, next, servers.find((s) => s.id === id)?.folder !== folder)
  }
  return (
    <DndContext sensors={sensors} collisionDetection={closestCenter} onDragStart={({ active }: DragStartEvent) => setDragged(servers.find((s) => `server:${s.id}` === active.id) ?? null)} onDragEnd={drop} onDragCancel={() => setDragged(null)}>
      <div ref={host} className={density === 'list' ? 'card' : undefined}>
        {density === 'list' && <ListHead />}
        <div className="board" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => (
            <div key={item.key} ref={virtual.measureElement} data-index={item.index} className="board-line" style={{ transform: `translateY(${item.start - virtual.options.scrollMargin}px)` }}>
              <BoardLine {...props} line={lines[item.index] as Line} columns={columns} gap={gap} movable={movable} />
            </div>
          ))}
        </div>
      </div>
      <DragOverlay dropAnimation={null}>{dragged && (density === 'list' ? <div className="card"><ServerRow server={dragged} /></div> : <ServerCard server={dragged} density={density} />)}</DragOverlay>
    </DndContext>
  )
}

interface BoardLineProps extends BoardProps {
  line: Line
  columns: number
  gap: number
}

function BoardLine({ line, columns, gap, density, movable, onRename, onDelete }: BoardLineProps) {
  const { t } = useTranslation('dashboard')
  if (line.kind === 'folder') {
    return (
      <Movable id={folderId(line.group.name)} movable={movable && line.group.name != null}>
        {(handle) => <FolderHeading group={line.group} folded={line.folded} handle={handle} onRename={onRename} onDelete={onDelete} />}
      </Movable>
    )
  }
  if (line.kind === 'empty') return <p className="folder-empty">{t('folder.empty')}</p>
  if (density === 'list') return line.servers.map((s) => <Movable key={s.id} id={`server:${s.id}`} movable={movable}>{(handle) => <ServerRow server={s} handle={handle} />}</Movable>)
  return (
    <div className="cards" style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, gap, paddingBottom: gap }}>
      {line.servers.map((s) => <Movable key={s.id} id={`server:${s.id}`} movable={movable}>{(handle) => <ServerCard server={s} density={density} handle={handle} />}</Movable>)}
    </div>
  )
}

/** Something that can be dragged by its handle and dropped upon. The order of others does not change until the drop. */
function Movable({ id, movable, children }: { id: string; movable: boolean; children: (handle: ReactNode) => ReactNode }) {
  const { t } = useTranslation('dashboard')
  const drag = useDraggable({ id, disabled: !movable })
  const drop = useDroppable({ id, disabled: !movable && !id.startsWith('folder:') })
  const handle = movable && (
    <button type="button" ref={drag.setActivatorNodeRef} {...drag.listeners} {...drag.attributes} className="grip" aria-label={t('drag')} title={t('drag')}>
      <GripVertical size={14} aria-hidden />
    </button>
  )
  return (
    <div ref={(node) => { drag.setNodeRef(node); drop.setNodeRef(node) }} className={`movable ${drop.isOver ? 'over' : ''} ${drag.isDragging ? 'dragged' : ''}`}>
      {children(handle)}
    </div>
  )
}

function split(id: string): [string, string] {
  const at = id.indexOf(':')
  return [id.slice(0, at), id.slice(at + 1)]
}

function reordered(groups: Group[], name: string, before: string): string[] {
  const names = groups.flatMap((g) => g.name ?? [])
  const rest = names.filter((n) => n !== name)
  const at = rest.indexOf(before)
  const down = names.indexOf(name) < names.indexOf(before)
  return at < 0 ? [...rest, name] : rest.toSpliced(at + (down ? 1 : 0), 0, name)
}

/** The width of an element, followed. */
function useWidth(): [number, RefObject<HTMLDivElement | null>] {
  const [host] = useState<RefObject<HTMLDivElement | null>>(() => ({ current: null }))
  const [width, setWidth] = useState(1200)
  useLayoutEffect(() => {
    const element = host.current
    if (!element) return
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width))
    observer.observe(element)
    return () => observer.disconnect()
  }, [host])
  return [width, host]
}
