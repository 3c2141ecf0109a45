import type { ServerItem } from '../../api/types'
import type { Group } from './groups'

const rows = 5
const folderGap = 16
const widest = 26
const heading = 18

export interface Cell {
  server: ServerItem
  x: number
  y: number
  width: number
  height: number
}

export interface MapLayout {
  cells: Cell[]
  headings: { text: string; x: number; width: number }[]
}

/**
 * Places one cell per server: columns of five, grouped by folder. Where that gets too narrow the folders are given up
 * and the cells fill lines.
 */
export function layoutMap(groups: Group[], width: number, height: number, nameless: string): MapLayout {
  const filled = groups.filter((g) => g.servers.length > 0)
  const columns = filled.map((g) => Math.ceil(g.servers.length / rows))
  const total = columns.reduce((a, b) => a + b, 0)
  if (total === 0) return { cells: [], headings: [] }
  const cell = Math.min(widest, (width - folderGap * (filled.length - 1)) / total)
  if (cell < 7) return dense(filled.flatMap((g) => g.servers), width, height)
  const size = Math.floor((height - heading) / rows)
  const out: MapLayout = { cells: [], headings: [] }
  let left = 0
  filled.forEach((group, g) => {
    const own = (columns[g] ?? 0) * cell
    out.headings.push({ text: group.name ?? nameless, x: left, width: own + folderGap - 6 })
    group.servers.forEach((server, i) => {
      out.cells.push({ server, x: left + Math.floor(i / rows) * cell, y: heading + (i % rows) * size, width: cell, height: size })
    })
    left += own + folderGap
  })
  const last = out.headings.at(-1)
  if (last) last.width = width - last.x
  return out
}

/** Cells in lines over the whole width, as large as fits. */
function dense(servers: ServerItem[], width: number, height: number): MapLayout {
  let perLine = Math.max(1, Math.floor(width / widest))
  while (Math.ceil(servers.length / perLine) * (width / perLine) > height && perLine < servers.length) perLine++
  const size = width / perLine
  return { headings: [], cells: servers.map((server, i) => ({ server, x: (i % perLine) * size, y: Math.floor(i / perLine) * size, width: size, height: size })) }
}

export function cellAt(cells: Cell[], x: number, y: number): Cell | undefined {
  return cells.find((c) => x >= c.x && x < c.x + c.width && y >= c.y && y < c.y + c.height)
}
