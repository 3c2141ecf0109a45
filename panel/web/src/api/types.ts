// The API as the panel speaks it. Names are those of the Go structs.

export interface Metrics {
  timestamp: string
  server_name: string
  timezone: Timezone
  cpu: CPU
  memory: { ram: RAM; swap: Swap }
  disk: { partitions: Partition[]; io: Record<string, DiskIO> }
  network: { interfaces: Interface[]; total: NetworkTotal }
  processes: ProcessStats
  system: System
  certificates: { count: number; closest_expiry: CertificateExpiry | null }
}

export interface Timezone {
  name: string
  offset: string
  offset_seconds: number
}

export interface CPU {
  cores_physical: number
  cores_logical: number
  model: string
  usage_percent: number
  per_cpu_percent: number[]
  load_avg_1: number
  load_avg_5: number
  load_avg_15: number
  frequency: { current: number; min: number; max: number }
  temperatures: Record<string, { label: string; current: number; high: number; critical: number }[]>
}

export interface RAM {
  total: number
  used: number
  free: number
  available: number
  percent: number
  buffers: number
  cached: number
}

export interface Swap {
  total: number
  used: number
  free: number
  percent: number
}

export interface Partition {
  device: string
  mountpoint: string
  fstype: string
  total: number
  used: number
  free: number
  percent: number
}

export interface DiskIO {
  read_bytes: number
  write_bytes: number
  read_count: number
  write_count: number
  read_time_ms: number
  write_time_ms: number
  read_bytes_per_sec: number
  write_bytes_per_sec: number
}

export interface Interface {
  name: string
  addresses: { type: string; address: string; netmask?: string }[]
  mac: string
  mtu: number
  speed_mbps: number
  is_up: boolean
  is_virtual: boolean
  rx_bytes: number
  tx_bytes: number
  rx_packets: number
  tx_packets: number
  rx_errors: number
  tx_errors: number
  rx_drops: number
  tx_drops: number
  rx_bytes_per_sec: number
  tx_bytes_per_sec: number
}

export interface NetworkTotal {
  rx_bytes: number
  tx_bytes: number
  rx_packets: number
  tx_packets: number
  rx_bytes_per_sec: number
  tx_bytes_per_sec: number
}

export interface ProcessStats {
  total: number
  running: number
  sleeping: number
  top_by_cpu: Process[]
  top_by_memory: Process[]
}

export interface Process {
  pid: number
  name: string
  user?: string
  cpu_percent: number
  memory_percent: number
  memory_bytes?: number
  status: string
  threads?: number
  command?: string
}

export interface Processes {
  collected_at: string
  count: number
  processes: Process[]
}

export interface System {
  hostname: string
  os: string
  kernel: string
  architecture: string
  boot_time: string
  uptime_seconds: number
  uptime_human: string
  open_files: number
  server_name: string
  timezone: Timezone
  connections: { established: number; listen: number; time_wait: number; other: number }
  connections_detailed: { tcp: TCPStates; udp: { total: number } }
}

export interface TCPStates {
  total: number
  established: number
  listen: number
  time_wait: number
  close_wait: number
  syn_sent: number
  syn_recv: number
  fin_wait: number
  other: number
}

export interface CertificateExpiry {
  domain: string
  days_left: number
  expiry_date: string
  expired: boolean
}

export interface ServerItem {
  id: number
  name: string
  url: string
  position: number
  is_active: boolean
  folder: string | null
  last_seen: string | null
  last_error: string | null
  error_code: number | null
  restricted: boolean
  agent_version: string
  joined: boolean
  status: string
  /** A summary of Metrics: lists of processes, devices, interfaces and temperatures are empty. */
  metrics: Metrics | null
  traffic: { rx_bytes: number; tx_bytes: number; days: number } | null
}

export interface ServersResponse {
  count: number
  servers: ServerItem[]
}

export interface ServerDetail extends ServerItem {
  created_at: string
  updated_at: string
}

export interface Install {
  command: string
  token: string
  expires_at: string
}

export interface CreatedServer {
  id: number
  name: string
  url: string
  position: number
}

export type Preset = 'full' | 'readonly' | 'monitor'

export interface CreateServerRequest {
  name: string
  url: string
  folder?: string
  preset?: Preset
}

export interface CreateServerResponse {
  success: boolean
  server: CreatedServer
  install: Install
}

export interface BulkResult {
  index: number
  success: boolean
  server?: CreatedServer
  install?: Install
  error?: { detail: string; field?: string }
}

export interface BulkResponse {
  success: boolean
  results: BulkResult[]
}

export interface InstallResponse {
  success: boolean
  install: Install
}

export interface TestResponse {
  success: boolean
  status: 'online' | 'error' | 'timeout'
  server_name?: string
  version?: string
  message?: string
  stage?: 'dns' | 'tcp' | 'tls' | 'identity' | 'http'
  code?: number
}

export interface JoinStatus {
  joined: boolean
  waiting: boolean
  expires_at: string | null
  last_error: string
  stage: string
}

export interface Folder {
  name: string
  position: number
}

export interface FoldersResponse {
  folders: Folder[]
}

type Values = (number | null)[]

export interface Sparklines {
  cpu: Values
  ram: Values
  rx: Values
  tx: Values
}

/** Rates are bytes per second, the others percent. */
export interface SparklinesResponse {
  from: number
  step_seconds: number
  count: number
  servers: Record<string, Sparklines>
  total: Sparklines
}

export interface Text {
  en: string
  ru: string
}

export type ChartUnit = 'percent' | 'bits_per_second' | 'bytes_per_second' | 'bytes' | 'number' | 'celsius'

export interface DashboardChart {
  id: string
  title: Text
  unit: ChartUnit
  kind: 'line' | 'heat' | 'multiples'
  mirror: boolean
  collapsed: boolean
  limits: { warn: number; crit: number } | null
  max_fixed: number | null
  series: { name: string; title: Text; legend?: string }[]
}

export interface DashboardPage {
  page: string
  charts: DashboardChart[]
}

/** All times are Unix milliseconds. */
export interface ChartResponse {
  chart: string
  from: number
  to: number
  step_seconds: number
  interval_seconds: number
  timestamps: number[]
  series: { name: string; legend: string; mean: Values; min: Values | null; max: Values | null }[]
  earliest: number | null
}

/** Rates are bytes per second, uptime is seconds, at is Unix milliseconds (0 when there are no values yet). */
export interface LiveServer {
  id: number
  status: 'online' | 'offline' | 'loading' | 'disabled'
  at: number
  cpu: number
  ram: number
  ram_used: number
  ram_total: number
  disk: number
  disk_used: number
  disk_total: number
  rx: number
  tx: number
  load1: number
  load5: number
  load15: number
  cores: number
  uptime: number
  tcp: number
  udp: number
  processes: number
  error: string | null
  code: number | null
}

export interface LiveBatch {
  servers: LiveServer[]
}

export interface Hello {
  at: number
  version: string
}

export interface BanStatus {
  ip: string
  memory_banned: boolean
  memory_info: { failures: number; attempts_left: number; banned_until: string | null }
  db_info: { banned_until: string } | null
}

export interface SessionItem {
  id: string
  ip: string
  user_agent: string
  created_at: string
  last_used: string
  expires_at: string
  current: boolean
}

export interface SessionsResponse {
  sessions: SessionItem[]
  count: number
}

export interface Token {
  id: number
  name: string
  scopes: string[]
  created_at: string
  last_used: string | null
}

export interface TokensResponse {
  tokens: Token[]
  count: number
}

export interface CreateTokenResponse {
  success: boolean
  token: Token
  secret: string
}

export interface AuditEntry {
  id: number
  at: string
  actor: string
  ip: string
  action: string
  server_id: number | null
  target: string
  detail: string
  status: number
}

export interface AuditResponse {
  entries: AuditEntry[]
  count: number
  next_before_id: number | null
}

export interface SettingsResponse {
  settings: Record<string, string>
}

export interface HealthResponse {
  ok: boolean
  items: { name: string; ok: boolean; value: number; unit: string; detail: string }[]
  scrape: { targets: number; lag_p99_seconds: number; missed_total: number; dropped_samples_total: number; failing: number }
  tsdb: { disk_bytes: number; series: number }
  disk: { free_bytes: number; total_bytes: number }
  children: { name: string; up: boolean }[]
}

export interface VersionResponse {
  panel: { version: string; latest_version: string; update_available: boolean }
  node: { latest_version: string }
  optimizations: { latest_version: string | null }
  nodes: { id: number; name: string; url: string; version: string | null; status: string; optimizations: { installed: boolean; version: string | null } }[]
  update_in_progress: boolean
}
