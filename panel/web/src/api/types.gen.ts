// Generated from the Go structs by `make gen`. Do not edit.

export interface ActiveAlert {
  fingerprint: string;
  alertname: string;
  type: string;
  severity: string;
  state: string;
  server_ids: number[];
  labels: Record<string, string>;
  summary: string;
  description: string;
  summary_ru: string;
  description_ru: string;
  value: number | null;
  threshold: number | null;
  details: AlertDetails;
  since: string;
  fired_at: string | null;
  told_at: string | null;
  silenced_by: number[];
  covered_by: string;
  file: string;
  group: string;
  expression: string;
  chart: ChartHint | null;
}

export interface ActiveResponse {
  alerts: ActiveAlert[];
  count: number;
}

export interface AddRuleRequest {
  name: string;
  rule_type: string;
  listen_port: number;
  target_ip: string;
  target_port: number;
  cert_domain?: string;
  target_ssl: boolean;
  send_proxy: boolean;
  by_hand?: boolean;
}

export interface Address {
  type: string;
  address: string;
  netmask?: string;
}

export interface AddressResponse {
  ip: string | null;
  domain: string | null;
}

export interface AlertDay {
  day: string;
  critical: number;
  warning: number;
  info: number;
}

export interface AlertDetails {
  current?: number | null;
  threshold?: number | null;
  ema?: number | null;
  deviation_pct?: number | null;
  fail_count?: number | null;
}

export interface AlertSettings {
  enabled: boolean;
  check_interval: number;
  alert_cooldown: number;
  excluded_server_ids: number[];
  telegram_links: boolean;
  webhook_links: boolean;
  offline_enabled: boolean;
  offline_fail_threshold: number;
  offline_recovery_notify: boolean;
  offline_excluded_server_ids: number[];
  cpu_enabled: boolean;
  cpu_critical_threshold: number;
  cpu_spike_percent: number;
  cpu_sustained_seconds: number;
  cpu_min_value: number;
  cpu_excluded_server_ids: number[];
  ram_enabled: boolean;
  ram_critical_threshold: number;
  ram_spike_percent: number;
  ram_sustained_seconds: number;
  ram_min_value: number;
  ram_excluded_server_ids: number[];
  network_enabled: boolean;
  network_spike_percent: number;
  network_drop_percent: number;
  network_sustained_seconds: number;
  network_min_bytes: number;
  network_excluded_server_ids: number[];
  tcp_min_connections: number;
  tcp_established_enabled: boolean;
  tcp_established_spike_percent: number;
  tcp_established_drop_percent: number;
  tcp_established_sustained_seconds: number;
  tcp_established_excluded_server_ids: number[];
  tcp_listen_enabled: boolean;
  tcp_listen_spike_percent: number;
  tcp_listen_sustained_seconds: number;
  tcp_listen_excluded_server_ids: number[];
  tcp_timewait_enabled: boolean;
  tcp_timewait_spike_percent: number;
  tcp_timewait_sustained_seconds: number;
  tcp_timewait_excluded_server_ids: number[];
  tcp_closewait_enabled: boolean;
  tcp_closewait_spike_percent: number;
  tcp_closewait_sustained_seconds: number;
  tcp_closewait_excluded_server_ids: number[];
  tcp_synsent_enabled: boolean;
  tcp_synsent_spike_percent: number;
  tcp_synsent_sustained_seconds: number;
  tcp_synsent_excluded_server_ids: number[];
  tcp_synrecv_enabled: boolean;
  tcp_synrecv_spike_percent: number;
  tcp_synrecv_sustained_seconds: number;
  tcp_synrecv_excluded_server_ids: number[];
  tcp_finwait_enabled: boolean;
  tcp_finwait_spike_percent: number;
  tcp_finwait_sustained_seconds: number;
  tcp_finwait_excluded_server_ids: number[];
  load_avg_enabled: boolean;
  load_avg_threshold_offset: number;
  load_avg_sustained_checks: number;
  load_avg_excluded_server_ids: number[];
  conntrack_enabled: boolean;
  conntrack_threshold: number;
  conntrack_excluded_server_ids: number[];
}

export interface AlertSettingsBody {
  enabled: boolean;
  check_interval: number;
  alert_cooldown: number;
  excluded_server_ids: number[];
  telegram_links: boolean;
  webhook_links: boolean;
  offline_enabled: boolean;
  offline_fail_threshold: number;
  offline_recovery_notify: boolean;
  offline_excluded_server_ids: number[];
  cpu_enabled: boolean;
  cpu_critical_threshold: number;
  cpu_spike_percent: number;
  cpu_sustained_seconds: number;
  cpu_min_value: number;
  cpu_excluded_server_ids: number[];
  ram_enabled: boolean;
  ram_critical_threshold: number;
  ram_spike_percent: number;
  ram_sustained_seconds: number;
  ram_min_value: number;
  ram_excluded_server_ids: number[];
  network_enabled: boolean;
  network_spike_percent: number;
  network_drop_percent: number;
  network_sustained_seconds: number;
  network_min_bytes: number;
  network_excluded_server_ids: number[];
  tcp_min_connections: number;
  tcp_established_enabled: boolean;
  tcp_established_spike_percent: number;
  tcp_established_drop_percent: number;
  tcp_established_sustained_seconds: number;
  tcp_established_excluded_server_ids: number[];
  tcp_listen_enabled: boolean;
  tcp_listen_spike_percent: number;
  tcp_listen_sustained_seconds: number;
  tcp_listen_excluded_server_ids: number[];
  tcp_timewait_enabled: boolean;
  tcp_timewait_spike_percent: number;
  tcp_timewait_sustained_seconds: number;
  tcp_timewait_excluded_server_ids: number[];
  tcp_closewait_enabled: boolean;
  tcp_closewait_spike_percent: number;
  tcp_closewait_sustained_seconds: number;
  tcp_closewait_excluded_server_ids: number[];
  tcp_synsent_enabled: boolean;
  tcp_synsent_spike_percent: number;
  tcp_synsent_sustained_seconds: number;
  tcp_synsent_excluded_server_ids: number[];
  tcp_synrecv_enabled: boolean;
  tcp_synrecv_spike_percent: number;
  tcp_synrecv_sustained_seconds: number;
  tcp_synrecv_excluded_server_ids: number[];
  tcp_finwait_enabled: boolean;
  tcp_finwait_spike_percent: number;
  tcp_finwait_sustained_seconds: number;
  tcp_finwait_excluded_server_ids: number[];
  load_avg_enabled: boolean;
  load_avg_threshold_offset: number;
  load_avg_sustained_checks: number;
  load_avg_excluded_server_ids: number[];
  conntrack_enabled: boolean;
  conntrack_threshold: number;
  conntrack_excluded_server_ids: number[];
  telegram_bot_token: string;
  telegram_chat_id: string;
  language: string;
}

export interface AlertsStatus {
  running: boolean;
  last_check: string | null;
  next_check_in: number;
  monitored_servers: number;
  active_conditions: Record<string, string[]>;
}

export interface AuditEntry {
  id: number;
  at: string;
  actor: string;
  ip: string;
  action: string;
  server_id: number | null;
  target: string;
  detail: string;
  status: number;
}

export interface AuditResponse {
  entries: AuditEntry[];
  count: number;
  next_before_id: number | null;
}

export interface BacktestHour {
  start: string;
  max: number | null;
  fired: number;
}

export interface BacktestRequest {
  trigger: string;
  settings: AlertSettings;
}

export interface BacktestResponse {
  trigger: string;
  days: number;
  fired: number;
  servers: BacktestServer[];
  checked: number;
  unit: string;
  threshold: number | null;
  hours: BacktestHour[];
}

export interface BacktestServer {
  server_id: number;
  server_name: string;
  fired: number;
  times: string[];
}

export interface BanInfo {
  failures: number;
  attempts_left: number;
  banned_until: string | null;
}

export interface BanStatus {
  ip: string;
  memory_banned: boolean;
  memory_info: BanInfo;
  db_info: BannedInfo | null;
}

export interface BannedInfo {
  banned_until: string;
}

export interface BillItem {
  id: number;
  name: string;
  billing_type: string;
  paid_until: string;
  days_left: number;
  monthly_cost: number;
  account_balance: number | null;
  balance_updated_at: string | null;
  currency: string;
  notes: string;
  folder: string | null;
  created_at: string;
  updated_at: string;
}

export interface BillResponse {
  success: boolean;
  server: BillItem;
}

export interface BillingSettings {
  enabled: boolean;
  notify_days: number[];
  check_interval_minutes: number;
}

export interface BillingSettingsResponse {
  success: boolean;
  settings: BillingSettings;
}

export interface BillsResponse {
  servers: BillItem[];
  count: number;
}

export interface BrokenFile {
  file: string;
  line: number;
  reason: string;
}

export interface BulkError {
  detail: string;
  field?: string;
  words?: Sentence | null;
}

export interface BulkRequest {
  servers: BulkServer[];
  preset?: string;
}

export interface BulkResponse {
  success: boolean;
  results: BulkResult[];
}

export interface BulkResult {
  index: number;
  success: boolean;
  server?: CreatedServer | null;
  install?: Install | null;
  error?: BulkError | null;
}

export interface BulkServer {
  name: string;
  url: string;
  folder?: string | null;
}

export interface CPU {
  cores_physical: number;
  cores_logical: number;
  model: string;
  usage_percent: number;
  per_cpu_percent: number[];
  load_avg_1: number;
  load_avg_5: number;
  load_avg_15: number;
  frequency: Frequency;
  temperatures: Record<string, Temperature[]>;
}

export interface CachedFirewall {
  status: FirewallStatus | null;
  rules: FirewallRules | null;
}

export interface CachedResponse {
  status: HAProxyStatus | null;
  rules: HAProxyRules | null;
  certs: Certs | null;
  firewall: CachedFirewall | null;
  cached_at: string;
  age_seconds: number;
  last_error: string;
  last_error_words: Sentence | null;
}

export interface CachedTrafficResponse {
  summary: SummaryResponse;
  tracked_ports: number[];
  cached_at: string;
}

export interface Cert {
  domain: string;
  names: string[];
  issuer: string;
  source: string;
  expiry_date: string;
  days_left: number;
  expired: boolean;
  combined_exists: boolean;
  cert_path: string;
  used_by: string[];
  renewable: boolean;
  files: CertFiles;
  problem?: string;
  problem_words?: Sentence | null;
}

export interface CertChanged {
  success: boolean;
  message: string;
  domain?: string;
  renewed_domains?: string[];
  output_log?: string;
}

export interface CertFiles {
  pem: string;
  key: string;
  cert: string;
  fullchain: string;
  chain: string;
}

export interface CertNamesResponse {
  certificates: string[];
  count: number;
}

export interface CertRenewal {
  enabled: boolean;
  schedule: string;
  next_run: string | null;
  last_run: string | null;
  last_log: string;
}

export interface CertificateExpiry {
  domain: string;
  days_left: number;
  expiry_date: string;
  expired: boolean;
}

export interface Certificates {
  count: number;
  closest_expiry: CertificateExpiry | null;
}

export interface Certs {
  certificates: Cert[];
  count: number;
}

export interface ChangePasswordRequest {
  current_password: string;
  new_password: string;
}

export interface ChangeResponse {
  success: boolean;
  message: string;
  output?: string;
  pending?: Held | null;
}

export interface Changed {
  success: boolean;
  message: string;
  code?: string;
  words?: Sentence | null;
}

export interface ChannelSettings {
  language: string;
  telegram_bot_token: string;
  telegram_chat_id: string;
  telegram_base_url: string;
  telegram_proxy: string;
  webhook_url: string;
  alertmanager_url: string;
  heartbeat_url: string;
  heartbeat_seconds: number;
}

export interface ChannelsStatus {
  queues: QueueState[];
  alertmanager: ForwardState;
  heartbeat: HeartbeatState;
}

export interface Chart {
  id: string;
  title: Text;
  unit: string;
  kind: string;
  mirror: boolean;
  collapsed: boolean;
  limits: Limits | null;
  max_fixed: number | null;
  series: Series[];
}

export interface ChartHint {
  server_id: number;
  chart: string;
  threshold: number | null;
}

export interface ChartResponse {
  chart: string;
  from: number;
  to: number;
  step_seconds: number;
  interval_seconds: number;
  timestamps: number[];
  series: Line[];
  earliest: number | null;
}

export interface CheckResponse {
  authenticated: boolean;
}

export interface Connections {
  established: number;
  listen: number;
  time_wait: number;
  other: number;
}

export interface ConnectionsDetailed {
  tcp: TCPStates;
  udp: UDPCount;
}

export interface Counts {
  total: number;
  done: number;
  failed: number;
  skipped: number;
  lost: number;
}

export interface CreateBillRequest {
  name: string;
  billing_type: string;
  paid_days?: number | null;
  monthly_cost?: number | null;
  account_balance?: number | null;
  currency?: string;
  notes?: string | null;
  folder?: string | null;
}

export interface CreateServerRequest {
  name: string;
  url: string;
  api_key?: string;
  folder?: string | null;
  preset?: string;
}

export interface CreateServerResponse {
  success: boolean;
  server: CreatedServer;
  install: Install;
}

export interface CreateSilenceRequest {
  server_ids: number[];
  matchers: Matcher[];
  reason: string;
  ends_at: string;
}

export interface CreateTokenRequest {
  name: string;
  scopes: string[];
}

export interface CreateTokenResponse {
  success: boolean;
  token: Token;
  secret: string;
}

export interface CreatedServer {
  id: number;
  name: string;
  url: string;
  position: number;
}

export interface DailyResponse {
  days: number;
  interface: string | null;
  port: number | null;
  timezone: string;
  total_rx: number;
  total_tx: number;
  data: DayBytes[];
}

export interface DayBytes {
  date: string;
  rx_bytes: number | null;
  tx_bytes: number | null;
}

export interface DeleteBillFolderResponse {
  success: boolean;
  unfoldered: number;
}

export interface DeleteHistoryResponse {
  deleted: number;
}

export interface Disk {
  partitions: Partition[];
  io: Record<string, DiskIO>;
}

export interface DiskIO {
  read_bytes: number;
  write_bytes: number;
  read_count: number;
  write_count: number;
  read_time_ms: number;
  write_time_ms: number;
  read_bytes_per_sec: number;
  write_bytes_per_sec: number;
}

export interface EventsResponse {
  from: number;
  to: number;
  events: ServerEvent[];
  truncated: boolean;
}

export interface ExecError {
  message: string;
  words?: Sentence | null;
}

export interface ExtendBillRequest {
  days: number;
}

export interface FirewallRule {
  number: number;
  port: number;
  ports: string;
  protocol: string;
  action: string;
  from_ip: string;
  direction: string;
  ipv6: boolean;
  to: string;
  from: string;
  comment?: string;
  read_only: boolean;
}

export interface FirewallRules {
  active: boolean;
  count: number;
  rules: FirewallRule[];
}

export interface FirewallStatus {
  installed: boolean;
  active: boolean;
  default_incoming: string;
  default_outgoing: string;
  logging: string;
  error?: string;
  error_words?: Sentence | null;
}

export interface Folder {
  name: string;
  position: number;
}

export interface FoldersResponse {
  folders: Folder[];
}

export interface ForwardState {
  waiting: number;
  last_error: string;
}

export interface Frequency {
  current: number;
  min: number;
  max: number;
}

export interface HAProxyChanged {
  success: boolean;
  message: string;
  code?: string;
  words?: Sentence | null;
  config_valid: boolean;
  reloaded: boolean;
  runtime: boolean;
  config_hash: string;
  content?: string;
}

export interface HAProxyConfig {
  content: string;
  path: string;
  hash: string;
}

export interface HAProxyConfigApply {
  config_content: string;
  reload_after?: boolean | null;
}

export interface HAProxyProxy {
  proxy: string;
  server?: string;
  status: string;
  sessions: number;
  sessions_max: number;
  sessions_limit: number;
  sessions_total: number;
  sessions_per_sec: number;
  queue: number;
  bytes_in: number;
  bytes_out: number;
  errors: number;
  denied: number;
  weight: number;
  address?: string;
  check_status?: string;
  check_millis: number;
  last_change_seconds: number;
  downtime_seconds: number;
}

export interface HAProxyRule {
  name: string;
  rule_type: string;
  listen_port: number;
  target_ip: string;
  target_port: number;
  cert_domain?: string;
  target_ssl: boolean;
  send_proxy: boolean;
  by_hand?: boolean;
}

export interface HAProxyRuleUpdate {
  rule_type?: string | null;
  listen_port?: number | null;
  target_ip?: string | null;
  target_port?: number | null;
  cert_domain?: string | null;
  target_ssl?: boolean | null;
  send_proxy?: boolean | null;
}

export interface HAProxyRules {
  count: number;
  rules: HAProxyRule[];
  foreign: number;
  problem?: string;
  problem_words?: Sentence | null;
  config_hash: string;
}

export interface HAProxyServerChange {
  state?: string;
  weight?: number | null;
  address?: string;
  port?: number;
}

export interface HAProxyStats {
  collected_at: string;
  version: string;
  uptime_seconds: number;
  connections: number;
  max_connections: number;
  old_processes: number;
  frontends: HAProxyProxy[];
  backends: HAProxyProxy[];
  servers: HAProxyProxy[];
}

export interface HAProxyStatus {
  installed: boolean;
  running: boolean;
  enabled: boolean;
  config_exists: boolean;
  config_valid: boolean;
  config_message: string;
  config_path: string;
  config_hash: string;
  old_processes: number;
  status_output: string;
  service_logs: string;
  installing?: string;
}

export interface HealthAlerts {
  rules: number;
  failures: HealthFailure[];
  late_seconds: number;
  late_group: string;
}

export interface HealthChild {
  name: string;
  up: boolean;
}

export interface HealthClickHouse {
  embedded: boolean;
  installed: boolean;
  up: boolean;
  code: string;
  detail: string;
  restarts_total: number;
  waiting_rows: number;
  dropped_rows_total: number;
}

export interface HealthDisk {
  free_bytes: number;
  total_bytes: number;
}

export interface HealthFailure {
  name: string;
  reason: string;
}

export interface HealthItem {
  name: string;
  ok: boolean;
  value: number;
  unit: string;
  detail: string;
}

export interface HealthMessages {
  waiting: number;
  oldest_seconds: number;
  last_error: string;
}

export interface HealthResponse {
  ok: boolean;
  items: HealthItem[];
  scrape: HealthScrape;
  tsdb: HealthTSDB;
  disk: HealthDisk;
  clickhouse: HealthClickHouse;
  alerts: HealthAlerts;
  messages: HealthMessages;
  children: HealthChild[];
}

export interface HealthScrape {
  targets: number;
  failing: number;
  lag_p99_seconds: number;
  missed_total: number;
  dropped_samples_total: number;
}

export interface HealthTSDB {
  disk_bytes: number;
  series: number;
  quarantined: Quarantined[];
}

export interface HeartbeatState {
  last_sent: string | null;
  last_error: string;
}

export interface Held {
  server_id: number;
  id: string;
  op: string;
  rule: string;
  hold_seconds: number;
  seconds_left: number;
  outcome: string;
}

export interface HeldResponse {
  changes: Held[];
}

export interface Hello {
  at: number;
  version: string;
}

export interface HistoryDaysResponse {
  days: AlertDay[];
}

export interface HistoryItem {
  id: number;
  server_id: number | null;
  server_name: string;
  alert_type: string;
  severity: string;
  message: string;
  message_en?: string;
  message_ru?: string;
  details: string;
  notified: boolean;
  created_at: string;
  ended_at: string | null;
}

export interface HistoryResponse {
  items: HistoryItem[];
  total: number;
}

export interface HostCPU {
  percent: number | null;
  cores: number;
  load_avg_1: number;
  load_avg_5: number;
  load_avg_15: number;
}

export interface HostDisk {
  total: number;
  used: number;
  free: number;
  percent: number;
}

export interface HostMemory {
  total: number;
  used: number;
  available: number;
  percent: number;
  swap_total: number;
  swap_used: number;
  swap_percent: number;
}

export interface HourBytes {
  hour: string;
  rx_bytes: number | null;
  tx_bytes: number | null;
}

export interface HourlyResponse {
  hours: number;
  interface: string | null;
  port: number | null;
  timezone: string;
  total_rx: number;
  total_tx: number;
  data: HourBytes[];
}

export interface Install {
  command: string;
  token: string;
  expires_at: string;
}

export interface InstallResponse {
  success: boolean;
  install: Install;
}

export interface Interface {
  name: string;
  addresses: Address[];
  mac: string;
  mtu: number;
  speed_mbps: number;
  is_up: boolean;
  is_virtual: boolean;
  rx_bytes: number;
  tx_bytes: number;
  rx_packets: number;
  tx_packets: number;
  rx_errors: number;
  tx_errors: number;
  rx_drops: number;
  tx_drops: number;
  rx_bytes_per_sec: number;
  tx_bytes_per_sec: number;
}

export interface InterfaceBytes {
  interface: string;
  rx_bytes: number;
  tx_bytes: number;
  counted: boolean;
}

export interface InterfacesResponse {
  days: number;
  data: InterfaceBytes[];
  total_rx: number;
  total_tx: number;
}

export interface IssueCertRequest {
  domain: string;
  email?: string;
  method: string;
  webroot?: string;
}

export interface Job {
  id: string;
  kind: string;
  title: string;
  title_words: Sentence;
  later: boolean;
  started_at: string;
  ended_at: string | null;
  cancelled: boolean;
  restored: boolean;
  again: string;
  counts: Counts;
}

export interface JobNews {
  job: Job;
  results: Result[];
}

export interface JobResponse {
  job: Job;
  results: Result[];
}

export interface JobsResponse {
  jobs: Job[];
}

export interface JoinStatus {
  joined: boolean;
  waiting: boolean;
  expires_at: string | null;
  last_error: string;
  error_words?: Sentence | null;
  stage: string;
}

export interface LastHourResponse {
  from: number;
  step_seconds: number;
  connections: (number | null)[];
  sessions: (number | null)[];
  bytes_in: (number | null)[];
  bytes_out: (number | null)[];
  frontends: Record<string, (number | null)[]>;
}

export interface LaterResponse {
  queued: number;
}

export interface Limits {
  warn: number;
  crit: number;
}

export interface Line {
  name: string;
  legend: string;
  mean: number[];
  min: number[];
  max: number[];
}

export interface ListResponse {
  settings: Record<string, string>;
}

export interface LiveBatch {
  servers: LiveServer[];
}

export interface LiveServer {
  id: number;
  status: string;
  at: number;
  cpu: number;
  ram: number;
  ram_used: number;
  ram_total: number;
  disk: number;
  disk_used: number;
  disk_total: number;
  rx: number;
  tx: number;
  load1: number;
  load5: number;
  load15: number;
  cores: number;
  uptime: number;
  tcp: number;
  udp: number;
  processes: number;
  error: string | null;
  error_words?: Sentence | null;
  code: number | null;
}

export interface LoginRequest {
  password: string;
  uid: string;
}

export interface Logs {
  logs: string;
}

export interface Matcher {
  name: string;
  value: string;
  is_regex: boolean;
  is_equal: boolean;
}

export interface Memory {
  ram: RAM;
  swap: Swap;
}

export interface Metrics {
  timestamp: string;
  server_name: string;
  timezone: Timezone;
  cpu: CPU;
  memory: Memory;
  disk: Disk;
  network: Network;
  processes: ProcessStats;
  system: System;
  certificates: Certificates;
}

export interface MonthBytes {
  month: string;
  rx_bytes: number | null;
  tx_bytes: number | null;
}

export interface MonthlyResponse {
  months: number;
  interface: string | null;
  port: number | null;
  timezone: string;
  total_rx: number;
  total_tx: number;
  data: MonthBytes[];
}

export interface MoveBillsRequest {
  server_ids: number[];
  folder: string | null;
}

export interface MoveBillsResponse {
  success: boolean;
  moved: number;
}

export interface Network {
  interfaces: Interface[];
  total: NetworkTotal;
}

export interface NetworkTotal {
  rx_bytes: number;
  tx_bytes: number;
  rx_packets: number;
  tx_packets: number;
  rx_bytes_per_sec: number;
  tx_bytes_per_sec: number;
}

export interface NodeVersion {
  id: number;
  name: string;
  url: string;
  version: string | null;
  status: string;
  optimizations: Optimizations;
}

export interface OperationItem {
  id: number;
  server_id: number;
  kind: string;
  title: string;
  state: string;
  message: string;
  message_words: Sentence | null;
  created_at: string;
  expires_at: string;
  done_at: string | null;
  server_name: string;
  title_words: Sentence;
}

export interface OperationsResponse {
  operations: OperationItem[];
}

export interface Optimizations {
  installed: boolean;
  version: string | null;
}

export interface Page {
  page: string;
  charts: Chart[];
}

export interface Partition {
  device: string;
  mountpoint: string;
  fstype: string;
  total: number;
  used: number;
  free: number;
  percent: number;
}

export interface PortBytes {
  port: number;
  rx_bytes: number;
  tx_bytes: number;
}

export interface PortRequest {
  port: number;
  protocol: string;
}

export interface PortsResponse {
  days: number;
  tracked_ports: number[];
  data: PortBytes[];
  total_rx: number;
  total_tx: number;
}

export interface Process {
  pid: number;
  name: string;
  user?: string;
  cpu_percent: number;
  memory_percent: number;
  memory_bytes?: number;
  status: string;
  threads?: number;
  command?: string;
  started?: number;
}

export interface ProcessStats {
  total: number;
  running: number;
  sleeping: number;
  top_by_cpu: Process[];
  top_by_memory: Process[];
}

export interface Processes {
  collected_at: string;
  count: number;
  processes: Process[];
}

export interface Quarantined {
  tier: string;
  partition: string;
  reason: string;
  time: string;
}

export interface QueueRequest {
  server_ids: number[];
  kind: string;
  payload: unknown;
  expires_in_hours: number;
}

export interface QueueState {
  channel: string;
  waiting: number;
  sent: number;
  failed: number;
  oldest: string | null;
  last_error: string;
}

export interface RAM {
  total: number;
  used: number;
  free: number;
  available: number;
  percent: number;
  buffers: number;
  cached: number;
}

export interface RenameBillFolderRequest {
  old_name: string;
  new_name: string;
}

export interface RenameBillFolderResponse {
  success: boolean;
  renamed: number;
}

export interface Result {
  server_id: number;
  server_name: string;
  success: boolean;
  message: string;
  message_words?: Sentence | null;
  state: string;
  code?: string;
  stdout?: string | null;
  stderr?: string | null;
  exit_code?: number | null;
  execution_time_ms?: number | null;
}

export interface RuleGroup {
  file: string;
  source: string;
  name: string;
  interval_seconds: number;
  last_evaluation: string | null;
  evaluation_seconds: number;
  error: string;
  rules: RuleState[];
}

export interface RuleGroupsResponse {
  groups: RuleGroup[];
  broken: BrokenFile[];
  directory: string;
}

export interface RuleRequest {
  port: number;
  ports: string;
  protocol: string;
  action: string;
  from_ip: string;
  direction: string;
  comment: string;
}

export interface RuleState {
  name: string;
  type: string;
  expression: string;
  for_seconds: number;
  severity: string;
  summary: string;
  summary_ru: string;
  state: string;
  health: string;
  error: string;
  alerts: number;
  evaluation_seconds: number;
}

export interface Sentence {
  text: string;
  code?: string;
  params?: (string | Sentence)[];
}

export interface Series {
  name: string;
  title: Text;
  legend?: string;
  mean: string;
  min?: string;
  max?: string;
}

export interface ServerDetail {
  id: number;
  name: string;
  url: string;
  position: number;
  is_active: boolean;
  folder: string | null;
  last_seen: string | null;
  last_error: string | null;
  error_words?: Sentence | null;
  error_code: number | null;
  restricted: boolean;
  agent_version: string;
  joined: boolean;
  status: string;
  metrics: Metrics | null;
  traffic: Traffic | null;
  api_key: string;
  created_at: string;
  updated_at: string;
  allow: Record<string, string>;
}

export interface ServerEvent {
  kind: string;
  time: number;
  end: number | null;
  title: Sentence;
  detail: string;
  severity?: string;
  actor?: string;
  audit_id?: number;
  message_en?: string;
  message_ru?: string;
}

export interface ServerItem {
  id: number;
  name: string;
  url: string;
  position: number;
  is_active: boolean;
  folder: string | null;
  last_seen: string | null;
  last_error: string | null;
  error_words?: Sentence | null;
  error_code: number | null;
  restricted: boolean;
  agent_version: string;
  joined: boolean;
  status: string;
  metrics: Metrics | null;
  traffic: Traffic | null;
}

export interface ServersResponse {
  count: number;
  servers: ServerItem[];
}

export interface SessionItem {
  id: string;
  ip: string;
  user_agent: string;
  created_at: string;
  last_used: string;
  expires_at: string;
  current: boolean;
}

export interface SessionsResponse {
  sessions: SessionItem[];
  count: number;
}

export interface Silence {
  id: number;
  server_ids: number[];
  matchers: Matcher[];
  reason: string;
  created_at: string;
  ends_at: string;
}

export interface SilenceResponse {
  success: boolean;
  silence: Silence;
}

export interface SilencesResponse {
  silences: Silence[];
}

export interface Sparklines {
  cpu: number[];
  ram: number[];
  rx: number[];
  tx: number[];
}

export interface SparklinesResponse {
  from: number;
  step_seconds: number;
  count: number;
  servers: Record<string, Sparklines>;
  total: Sparklines;
}

export interface StatsResponse {
  cpu: HostCPU;
  memory: HostMemory;
  disk: HostDisk;
}

export interface StorageResponse {
  tiers: StorageTier[];
  wal_bytes: number;
  free_bytes: number;
  total_bytes: number;
  read_only: boolean;
  budget_bytes: number;
  quarantined: Quarantined[];
}

export interface StorageTier {
  name: string;
  resolution_seconds: number;
  retention_days: number;
  bytes: number;
  oldest: string | null;
  forecast_bytes: number | null;
}

export interface SummaryResponse {
  days: number;
  total: Total;
  by_interface: InterfaceBytes[];
  by_port: PortBytes[];
  tracked_ports: number[];
}

export interface Swap {
  total: number;
  used: number;
  free: number;
  percent: number;
}

export interface System {
  hostname: string;
  os: string;
  kernel: string;
  architecture: string;
  boot_time: string;
  uptime_seconds: number;
  uptime_human: string;
  open_files: number;
  server_name: string;
  timezone: Timezone;
  connections: Connections;
  connections_detailed: ConnectionsDetailed;
}

export interface TCPStates {
  total: number;
  established: number;
  listen: number;
  time_wait: number;
  close_wait: number;
  syn_sent: number;
  syn_recv: number;
  fin_wait: number;
  other: number;
}

export interface Temperature {
  label: string;
  current: number;
  high: number;
  critical: number;
}

export interface TerminalEnd {
  exit_code: number;
  reason?: string;
  words?: Sentence | null;
}

export interface TestResponse {
  success: boolean;
  status: string;
  server_name?: string;
  version?: string;
  message?: string;
  words?: Sentence | null;
  stage?: string;
  code?: number;
}

export interface TestTelegramRequest {
  bot_token: string;
  chat_id: string;
}

export interface TestTelegramResponse {
  success: boolean;
  message?: string;
  error?: string;
}

export interface Text {
  en: string;
  ru: string;
}

export interface Timezone {
  name: string;
  offset: string;
  offset_seconds: number;
}

export interface Token {
  id: number;
  name: string;
  scopes: string[];
  created_at: string;
  last_used: string | null;
}

export interface TokensResponse {
  tokens: Token[];
  count: number;
}

export interface TopUpBillRequest {
  amount: number;
}

export interface Total {
  rx_bytes: number;
  tx_bytes: number;
  days: number;
}

export interface TrackPortRequest {
  port: number;
}

export interface TrackedPorts {
  tracked_ports: number[];
}

export interface Traffic {
  rx_bytes: number;
  tx_bytes: number;
  days: number;
}

export interface UDPCount {
  total: number;
}

export interface UpdateBillRequest {
  name?: string | null;
  billing_type?: string | null;
  paid_until?: string | null;
  monthly_cost?: number | null;
  account_balance?: number | null;
  currency?: string | null;
  notes?: string | null;
  folder?: unknown;
}

export interface UpdateBillingSettingsRequest {
  enabled?: boolean | null;
  notify_days?: number[] | null;
  check_interval_minutes?: number | null;
}

export interface UpdateChannelsRequest {
  language?: string | null;
  telegram_bot_token?: string | null;
  telegram_chat_id?: string | null;
  telegram_base_url?: string | null;
  telegram_proxy?: string | null;
  webhook_url?: string | null;
  alertmanager_url?: string | null;
  heartbeat_url?: string | null;
  heartbeat_seconds?: number | null;
}

export interface UploadCertRequest {
  domain: string;
  cert_content: string;
  key_content: string;
}

export interface Validation {
  valid: boolean;
  message: string;
}

export interface VersionResponse {
  panel: { version: string; latest_version: string; update_available: boolean; };
  node: { latest_version: string; };
  optimizations: { latest_version: string | null; };
  nodes: NodeVersion[];
  update_in_progress: boolean;
}
