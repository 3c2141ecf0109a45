import type { LiveServer, ServerItem } from '../api/types'

/** The live values that a listed server came with, for the time before the stream has told anything. */
export function liveOf(server: ServerItem): LiveServer {
  const m = server.metrics
  const root = m?.disk.partitions.find((p) => p.mountpoint === '/') ?? m?.disk.partitions[0]
  return {
    id: server.id,
    status: !server.is_active ? 'disabled' : server.status === 'online' ? 'online' : server.status === 'loading' ? 'loading' : 'offline',
    at: m ? Date.parse(m.timestamp) : server.last_seen ? Date.parse(server.last_seen) : 0,
    cpu: m?.cpu.usage_percent ?? Number.NaN,
    ram: m?.memory.ram.percent ?? Number.NaN,
    ram_used: m?.memory.ram.used ?? 0,
    ram_total: m?.memory.ram.total ?? 0,
    disk: root?.percent ?? Number.NaN,
    disk_used: root?.used ?? 0,
    disk_total: root?.total ?? 0,
    rx: m?.network.total.rx_bytes_per_sec ?? Number.NaN,
    tx: m?.network.total.tx_bytes_per_sec ?? Number.NaN,
    load1: m?.cpu.load_avg_1 ?? Number.NaN,
    load5: m?.cpu.load_avg_5 ?? Number.NaN,
    load15: m?.cpu.load_avg_15 ?? Number.NaN,
    cores: m?.cpu.cores_logical ?? 0,
    uptime: m?.system.uptime_seconds ?? 0,
    tcp: m?.system.connections_detailed.tcp.total ?? 0,
    udp: m?.system.connections_detailed.udp.total ?? 0,
    processes: m?.processes.total ?? 0,
    error: server.last_error,
    error_words: server.error_words,
    code: server.error_code,
  }
}
