import { describe, expect, it } from 'vitest'
import type { Process } from '../../api/types'
import { matching, sorted } from './processes-card'

const process = (pid: number, name: string, cpu: number, more: Partial<Process> = {}): Process => ({ pid, name, cpu_percent: cpu, memory_percent: 0, status: 'sleeping', ...more })
const all = [process(1, 'systemd', 0.1), process(18, 'xray', 9, { user: 'nobody', command: '/usr/bin/xray run' }), process(180, 'bash', 9), process(7, 'sshd', 0)]
const pids = (list: Process[]) => list.map((p) => p.pid)

describe('process table', () => {
  it('finds by name, command, user and whole PID', () => {
    expect(pids(matching(all, ' XRAY '))).toEqual([18])
    expect(pids(matching(all, 'run'))).toEqual([18])
    expect(pids(matching(all, 'nobody'))).toEqual([18])
    expect(pids(matching(all, '18'))).toEqual([18])
    expect(pids(matching(all, ''))).toEqual([1, 18, 180, 7])
    expect(matching(all, 'nginx')).toEqual([])
  })
  it('sorts numbers as numbers, and equals by PID', () => {
    expect(pids(sorted(all, 'cpu_percent', true))).toEqual([18, 180, 1, 7])
    expect(pids(sorted(all, 'pid', false))).toEqual([1, 7, 18, 180])
    expect(pids(sorted(all, 'name', false))).toEqual([180, 7, 1, 18])
  })
})
