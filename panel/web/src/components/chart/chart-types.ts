/** One series as the panel answers it: mean per step, with its true minimum and maximum where they differ. */
export interface ChartSeries {
  name: string
  label: string
  mean: (number | null)[]
  min: (number | null)[] | null
  max: (number | null)[] | null
}

/** Times are Unix milliseconds, ascending and evenly spaced; null is a gap. */
export interface ChartData {
  timestamps: number[]
  series: ChartSeries[]
  stepSeconds: number
  /** When the history begins; null when nobody knows. */
  earliest?: number | null
}

export interface ChartLimits {
  warn: number
  crit: number
}

/** Where an alert begins: values beyond it are red. */
export interface ChartThreshold {
  value: number
  /** Beyond means under it. */
  below: boolean
}

/** Texts of a chart; the feature passes them in its language. */
export interface ChartLabels {
  noData: string
  time: string
  asTable: string
  hideTable: string
  events: string
  /** For screen readers: mean, maximum and gaps of each series, and how many events there were. */
  summary: (series: { label: string; mean: string; max: string; gaps: number }[], events: number) => string
}

export interface ChartFormat {
  /** A value with its unit, as in "474 Mbit/s". */
  value: (v: number) => string
  /** A label of the axis; short. */
  axis: (v: number) => string
  /** A moment, to the second, in the zone of the settings. */
  time: (ms: number) => string
  /** A tick of the time axis: time of day, or the date where a day begins. */
  tick: (ms: number, spanSeconds: number) => string
}
