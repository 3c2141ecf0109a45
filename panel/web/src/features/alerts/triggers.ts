import { Activity, ArrowLeftRight, CircleDashed, Cpu, Database, Ear, Flag, type LucideIcon, MemoryStick, Network, Power, Send, Timer, Unplug } from 'lucide-react'
import type { AlertSettings } from '../../api/types'

type KeyOf<T> = { [K in keyof AlertSettings]: AlertSettings[K] extends T ? K : never }[keyof AlertSettings]
export type NumberKey = KeyOf<number>
export type FlagKey = KeyOf<boolean>
export type ListKey = KeyOf<number[]>

export interface NumberField {
  key: NumberKey
  /** The word for it: threshold, spike, drop, sustained, floor, checks, offset. */
  label: string
  unit: 'percent' | 'seconds' | 'checks' | 'bytes' | 'connections' | 'load'
  min: number
  max: number
  whole?: boolean
  /** One number for several triggers. */
  shared?: boolean
}

/** One metric that the settings watch; its names begin the fields of the API. */
export interface Trigger {
  name: string
  icon: LucideIcon
  enabled: FlagKey
  excluded: ListKey
  fields: NumberField[]
  /** A switch beside the numbers. */
  flag?: FlagKey
}

const percent = (key: NumberKey, label: string, max = 100_000): NumberField => ({ key, label, unit: 'percent', min: 1, max })
const seconds = (key: NumberKey): NumberField => ({ key, label: 'sustained', unit: 'seconds', min: 0, max: 86_400, whole: true })
const connections: NumberField = { key: 'tcp_min_connections', label: 'floor', unit: 'connections', min: 0, max: 1 << 30, shared: true }

const tcp = (state: string, icon: LucideIcon, drop = false): Trigger => ({
  name: `tcp_${state}`, icon, enabled: `tcp_${state}_enabled` as FlagKey, excluded: `tcp_${state}_excluded_server_ids` as ListKey,
  fields: [
    percent(`tcp_${state}_spike_percent` as NumberKey, 'spike'),
    ...(drop ? [percent(`tcp_${state}_drop_percent` as NumberKey, 'drop', 100)] : []),
    seconds(`tcp_${state}_sustained_seconds` as NumberKey),
    connections,
  ],
})

const host = (name: 'cpu' | 'ram', icon: LucideIcon): Trigger => ({
  name, icon, enabled: `${name}_enabled`, excluded: `${name}_excluded_server_ids`,
  fields: [percent(`${name}_critical_threshold`, 'threshold', 100), percent(`${name}_spike_percent`, 'spike'), seconds(`${name}_sustained_seconds`), { key: `${name}_min_value`, label: 'floor', unit: 'percent', min: 0, max: 100 }],
})

export const triggers: Trigger[] = [
  { name: 'offline', icon: Power, enabled: 'offline_enabled', excluded: 'offline_excluded_server_ids', flag: 'offline_recovery_notify', fields: [{ key: 'offline_fail_threshold', label: 'checks', unit: 'checks', min: 1, max: 100, whole: true }] },
  host('cpu', Cpu),
  host('ram', MemoryStick),
  {
    name: 'network', icon: Network, enabled: 'network_enabled', excluded: 'network_excluded_server_ids',
    fields: [percent('network_spike_percent', 'spike'), percent('network_drop_percent', 'drop', 100), seconds('network_sustained_seconds'), { key: 'network_min_bytes', label: 'floor', unit: 'bytes', min: 0, max: 2 ** 40 }],
  },
  {
    name: 'load_avg', icon: Activity, enabled: 'load_avg_enabled', excluded: 'load_avg_excluded_server_ids',
    fields: [{ key: 'load_avg_threshold_offset', label: 'offset', unit: 'load', min: -1000, max: 1000 }, { key: 'load_avg_sustained_checks', label: 'checks', unit: 'checks', min: 1, max: 100, whole: true }],
  },
  tcp('established', ArrowLeftRight, true),
  tcp('closewait', Unplug),
  tcp('timewait', Timer),
  tcp('listen', Ear),
  tcp('synsent', Send),
  tcp('synrecv', CircleDashed),
  tcp('finwait', Flag),
  { name: 'conntrack', icon: Database, enabled: 'conntrack_enabled', excluded: 'conntrack_excluded_server_ids', fields: [percent('conntrack_threshold', 'threshold', 100)] },
]

/** What the panel begins with, by field. */
export const defaults: Partial<AlertSettings> = {
  offline_fail_threshold: 3, offline_recovery_notify: true,
  cpu_critical_threshold: 90, cpu_spike_percent: 40, cpu_sustained_seconds: 300, cpu_min_value: 10,
  ram_critical_threshold: 90, ram_spike_percent: 30, ram_sustained_seconds: 300, ram_min_value: 10,
  network_spike_percent: 200, network_drop_percent: 80, network_sustained_seconds: 300, network_min_bytes: 1_048_576,
  tcp_min_connections: 100,
  tcp_established_spike_percent: 200, tcp_established_drop_percent: 80, tcp_established_sustained_seconds: 300,
  tcp_listen_spike_percent: 150, tcp_listen_sustained_seconds: 300, tcp_timewait_spike_percent: 300, tcp_timewait_sustained_seconds: 300,
  tcp_closewait_spike_percent: 200, tcp_closewait_sustained_seconds: 300, tcp_synsent_spike_percent: 200, tcp_synsent_sustained_seconds: 300,
  tcp_synrecv_spike_percent: 200, tcp_synrecv_sustained_seconds: 300, tcp_finwait_spike_percent: 200, tcp_finwait_sustained_seconds: 300,
  load_avg_threshold_offset: 1, load_avg_sustained_checks: 3, conntrack_threshold: 80,
}

/** Reads a number as people type it; null when it is none or out of bounds. */
export function readNumber(text: string, { min, max, whole }: Pick<NumberField, 'min' | 'max' | 'whole'>): number | null {
  const plain = text.trim().replace(/[\s\u00a0\u202f]/g, '').replace(',', '.').replace('−', '-')
  if (!/^-?\d+(\.\d+)?$/.test(plain)) return null
  const v = Number(plain)
  return v < min || v > max || (whole && !Number.isInteger(v)) ? null : v
}

/** The types of alerts that the settings make, as the history names them. */
export const alertTypes = ['offline', 'recovery', 'cpu_critical', 'cpu_spike', 'ram_critical', 'ram_spike', 'network_spike', 'network_drop', 'load_avg_high', 'conntrack_high', 'tcp_established_spike', 'tcp_established_drop', ...['listen', 'timewait', 'closewait', 'synsent', 'synrecv', 'finwait'].map((s) => `tcp_${s}_spike`)]

/** The chart of a server that shows a type of the settings. */
export function chartOfType(type: string): string | null {
  if (type === 'offline' || type === 'recovery' || type.startsWith('cpu_')) return 'cpu'
  if (type.startsWith('ram_')) return 'memory'
  if (type.startsWith('network_')) return 'network'
  if (type.startsWith('tcp_')) return 'tcp_states'
  if (type.startsWith('load_avg')) return 'load'
  return type.startsWith('conntrack') ? 'conntrack' : null
}
