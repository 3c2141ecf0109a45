import type { LiveServer, Metrics, ServerItem } from '../api/types'

// An invented fleet; addresses come from the documentation ranges. Seeded, so every start shows the same fleet.

export type Random = () => number

export function random(seed = 20261123): Random {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
}

const places: [string, number, string[]][] = [
  ['Europe', 0.32, ['DE-Frankfurt', 'NL-Amsterdam', 'FI-Helsinki', 'SE-Stockholm', 'FR-Paris', 'PL-Warsaw', 'GB-London', 'CH-Zurich']],
  ['Entry', 0.22, ['RU-Moscow-in', 'RU-SPb-in', 'RU-Kazan-in', 'RU-Ekb-in']],
  ['Americas', 0.14, ['US-Ashburn', 'US-LosAngeles', 'US-Dallas', 'CA-Toronto']],
  ['Asia', 0.16, ['SG-Singapore', 'JP-Tokyo', 'HK-HongKong', 'KZ-Almaty']],
  ['Near East', 0.06, ['TR-Istanbul', 'AE-Dubai']],
]
const nets = ['192.0.2.', '198.51.100.', '203.0.113.']
const GB = 1024 ** 3

const failures: [string, number][] = [['Connection timeout', 504], ['Connection refused', 502], ['SSL certificate error', 495]]

/** n servers in folders; a few are offline, disabled, restricted or not yet polled. Some have no folder. */
export function fleet(n: number, now = Date.now()): ServerItem[] {
  const rnd = random()
  const servers: ServerItem[] = []
  const counts = new Map<string, number>()
  let filled = 0
  const folders = [...places.map(([name, part, cities]) => ({ name: name as string | null, upTo: (filled += part) * n, cities })), { name: null, upTo: n, cities: ['DE-spare', 'NL-spare'] }]
  for (let i = 0; i < n; i++) {
    const place = folders.find((f) => i < f.upTo) ?? folders[folders.length - 1]!
    const city = place.cities[Math.floor(rnd() * place.cities.length)]!
    const number = (counts.get(city) ?? 0) + 1
    counts.set(city, number)
    const offline = n >= 5 && i % 71 === 4
    const disabled = n >= 5 && i % 83 === 8
    const loading = n >= 50 && i === n - 1
    const hot = i % 43 === 2
    const [error, code] = failures[Math.floor(i / 71) % failures.length]!
    servers.push({
      id: i + 1,
      name: `${city}-${String(number).padStart(2, '0')}`,
      url: `https://${nets[i % 3]}${10 + (Math.floor(i / 3) % 240)}:9100`,
      position: i,
      is_active: !disabled,
      folder: place.name,
      last_seen: loading ? null : new Date(offline ? now - 41 * 60_000 : now - 4000).toISOString(),
      last_error: offline ? error : null,
      error_code: offline ? code : null,
      restricted: i % 19 === 5,
      agent_version: '0.1.0',
      joined: !loading,
      status: offline ? 'offline' : disabled || loading ? 'loading' : 'online',
      metrics: offline || disabled || loading ? null : metrics(rnd, i + 1, city, now, hot),
      traffic: null,
    })
  }
  return servers
}

export function metrics(rnd: Random, id: number, name: string, now: number, hot = false): Metrics {
  const cores = [1, 2, 2, 4, 8, 16][Math.floor(rnd() * 6)]!
  const ram = cores * 2 * GB
  const disk = [40, 60, 80, 120, 200][Math.floor(rnd() * 5)]! * GB
  const cpu = hot ? 93 + rnd() * 5 : 4 + rnd() * rnd() * 60
  const used = (0.24 + rnd() * 0.5) * ram
  const diskUsed = (0.16 + rnd() * 0.5) * disk
  const tx = (40 + rnd() * rnd() * 900) * 1e6 / 8
  const rx = tx * (0.4 + rnd() * 0.15)
  const uptime = Math.floor(3600 + rnd() * rnd() * 380 * 86400)
  const established = Math.floor(60 + rnd() * 3000)
  const zone = { name: 'Europe/Berlin', offset: '+01:00', offset_seconds: 3600 }
  const tcp = { total: established + 1250, established, listen: 13, time_wait: 950, close_wait: 186, syn_sent: 9, syn_recv: 12, fin_wait: 46, other: 34 }
  return {
    timestamp: new Date(now - 4000).toISOString(),
    server_name: name.toLowerCase(),
    timezone: zone,
    cpu: { cores_physical: Math.ceil(cores / 2), cores_logical: cores, model: 'AMD EPYC 7543 32-Core Processor', usage_percent: cpu, per_cpu_percent: Array.from({ length: cores }, () => Math.min(100, cpu * (0.7 + rnd() * 0.7))), load_avg_1: (cpu / 100) * cores * 1.1, load_avg_5: (cpu / 100) * cores, load_avg_15: (cpu / 100) * cores * 0.9, frequency: { current: 2800, min: 1500, max: 3700 }, temperatures: {} },
    memory: { ram: { total: ram, used, free: ram - used, available: ram - used, percent: (100 * used) / ram, buffers: ram * 0.02, cached: ram * 0.2 }, swap: { total: 2 * GB, used: 0.06 * GB, free: 1.94 * GB, percent: 3.1 } },
    disk: { partitions: [{ device: '/dev/vda1', mountpoint: '/', fstype: 'ext4', total: disk, used: diskUsed, free: disk - diskUsed, percent: (100 * diskUsed) / disk }], io: {} },
    network: { interfaces: [], total: { rx_bytes: 6.7e12, tx_bytes: 9.1e12, rx_packets: 5e9, tx_packets: 7e9, rx_bytes_per_sec: rx, tx_bytes_per_sec: tx } },
    processes: { total: 222, running: 2, sleeping: 220, top_by_cpu: [], top_by_memory: [] },
    system: { hostname: `n${id}.example.com`, os: 'Ubuntu 24.04.1 LTS', kernel: '6.8.0-48-generic', architecture: 'x86_64', boot_time: new Date(now - uptime * 1000).toISOString(), uptime_seconds: uptime, uptime_human: '', open_files: 12840, server_name: name, timezone: zone, connections: { established, listen: 13, time_wait: 950, other: 260 }, connections_detailed: { tcp, udp: { total: 200 } } },
    certificates: { count: 0, closest_expiry: null },
  }
}

/** Values that wander around a middle, as servers do; with a burst now and then. */
export function wander(rnd: Random, n: number, middle: number, roughness = 0.25): number[] {
  let drift = 0
  let burst = 0
  const phase = rnd() * 6.3
  return Array.from({ length: n }, (_, i) => {
    drift = drift * 0.9 + (rnd() - 0.5) * roughness
    if (rnd() < 2.4 / n) burst = 0.5 + rnd() * 0.8
    burst *= 0.88
    return Math.max(0, middle * (1 + drift + burst * 0.7 + 0.15 * Math.sin(phase + i / 9)))
  })
}

/** One step of a live value. */
export function nextLive(rnd: Random, v: LiveServer, now: number): LiveServer {
  if (v.status !== 'online') return v
  const shake = (x: number, top = Number.POSITIVE_INFINITY) => Math.min(top, Math.max(0, x * (0.94 + rnd() * 0.125)))
  const cpu = shake(v.cpu, 100)
  return { ...v, at: now, cpu, rx: shake(v.rx), tx: shake(v.tx), load1: (cpu / 100) * v.cores, uptime: v.uptime + 10, tcp: Math.round(shake(v.tcp)) }
}
