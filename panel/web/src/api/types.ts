// The generated types of the API, narrowed where Go's types say less than its JSON does.
import type { Chart, ChartResponse as Answer, CreateServerRequest as CreateServer, LiveBatch as Live, LiveServer as LiveValues, Page, Series, SparklinesResponse as History, TestResponse as Test } from './types.gen'

export type * from './types.gen'

export interface LiveServer extends LiveValues {
  status: 'online' | 'offline' | 'loading' | 'disabled'
}

export interface LiveBatch extends Live {
  servers: LiveServer[]
}

export type Preset = 'full' | 'readonly' | 'monitor'

export interface CreateServerRequest extends CreateServer {
  preset?: Preset
}

export interface TestResponse extends Test {
  status: 'online' | 'error' | 'timeout'
  stage?: 'dns' | 'tcp' | 'tls' | 'identity' | 'http'
}

export type ChartUnit = 'percent' | 'bits_per_second' | 'bytes_per_second' | 'bytes' | 'number' | 'celsius'

/** What the UI reads of a chart; its queries are the panel's business. */
export interface DashboardChart extends Omit<Chart, 'series'> {
  unit: ChartUnit
  kind: 'line' | 'heat' | 'multiples'
  series: Pick<Series, 'name' | 'title' | 'legend'>[]
}

export interface DashboardPage extends Omit<Page, 'charts'> {
  charts: DashboardChart[]
}

/** Numbers in time order; null is a gap. */
type Values = (number | null)[]

export interface Sparklines {
  cpu: Values
  ram: Values
  rx: Values
  tx: Values
}

/** Rates are bytes per second, the others percent. */
export interface SparklinesResponse extends Omit<History, 'servers' | 'total'> {
  servers: Record<string, Sparklines>
  total: Sparklines
}

export interface Line {
  name: string
  legend: string
  mean: Values
  min: Values | null
  max: Values | null
}

/** All times are Unix milliseconds. */
export interface ChartResponse extends Omit<Answer, 'series'> {
  series: Line[]
}

export interface SettingsResponse {
  settings: Record<string, string>
}
