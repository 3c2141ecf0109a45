/** The only place that turns numbers and times into text. Nothing else formats by itself. */

export type Language = 'en' | 'ru'

/** A figure and its unit apart, so that the unit can be set smaller. */
export interface Quantity {
  value: string
  unit: string
}

type Maybe = number | null | undefined

export const missing = '–'
const nbsp = '\u00a0'
const thin = '\u202f'

const units = {
  en: {
    rate: ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'],
    bytes: ['B', 'KB', 'MB', 'GB', 'TB', 'PB'],
    perSecond: '/s',
    time: { s: 's', min: 'min', h: 'h', d: 'd' },
    months: ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'],
    may: 'May',
  },
  ru: {
    rate: ['бит/с', 'кбит/с', 'Мбит/с', 'Гбит/с', 'Тбит/с'],
    bytes: ['Б', 'КБ', 'МБ', 'ГБ', 'ТБ', 'ПБ'],
    perSecond: '/с',
    time: { s: 'с', min: 'мин', h: 'ч', d: 'дн' },
    months: ['янв', 'фев', 'мар', 'апр', 'мая', 'июн', 'июл', 'авг', 'сен', 'окт', 'ноя', 'дек'],
    may: 'май', // without a day it stands in the nominative
  },
}

/** Three significant figures below 1000: 1.23, 12.3, 123. */
function sig3(v: number): string {
  const a = Math.abs(v)
  return v.toFixed(a < 9.995 ? 2 : a < 99.95 ? 1 : 0)
}

function known(v: Maybe): v is number {
  return v != null && Number.isFinite(v)
}

export interface Format {
  language: Language
  timeZone: string
  /** Bits per second, 1000-based. */
  rate(bitsPerSecond: Maybe): Quantity
  /** Bits per second of a rate that is measured in bytes per second, as the API gives network rates. */
  rateOfBytes(bytesPerSecond: Maybe): Quantity
  /** Bytes, 1024-based. */
  bytes(bytes: Maybe): Quantity
  /** Bytes per second, 1024-based: disks only. */
  throughput(bytesPerSecond: Maybe): Quantity
  /** 0 to 100. */
  percent(v: Maybe, digits?: number): string
  /** A whole number, grouped from four digits. */
  count(v: Maybe): string
  number(v: Maybe, digits?: number): string
  /** An amount of money in decimals, at least two of them; `cents` leaves the rest out, for what is consumed by the second. */
  money(amount: Maybe, currency: string, cents?: boolean): Quantity
  /** A load average: two decimals. */
  load(v: Maybe): string
  /** The two largest units of a number of seconds. */
  duration(seconds: Maybe): string
  /** Whole days of a number of seconds, or the duration below one day. */
  days(seconds: Maybe): string
  /** How long ago a moment was. */
  age(ms: Maybe, now?: number): string
  /** 12:41:07 */
  clock(ms: Maybe): string
  /** 12:41 */
  clockShort(ms: Maybe): string
  /** 23 Nov, with the year unless it is this one. */
  date(ms: Maybe, now?: number): string
  /** A month with its year: "Nov 2026". */
  month(ms: Maybe): string
  /** The time of day, and the date when it is not today. */
  time(ms: Maybe, now?: number): string
  /** 23 Nov 2026, 12:41:07: for titles. */
  full(ms: Maybe): string
  /** 23 Nov 2026, 12:41: a moment that is meant to the minute. */
  moment(ms: Maybe): string
  /** From one moment to another: "10:00–12:30", "22 Nov, 10:00–12:30", "22 Nov, 10:00 – 23 Nov, 12:30"; with seconds below ten minutes. */
  span(from: number, to: number, now?: number): string
  /** A label of a time axis over so many seconds: time of day, the date at midnight or on long ranges. */
  tick(ms: number, spanSeconds: number): string
}

/** A quantity as one text, with a no-break space. */
export function text(q: Quantity): string {
  return q.unit ? q.value + nbsp + q.unit : q.value
}

export function createFormat(language: Language, timeZone: string): Format {
  const u = units[language]
  const decimal = (s: string) => (language === 'ru' ? s.replace('.', ',') : s).replace('-', '−')
  const group = (s: string) => s.replace(/\B(?=(\d{3})+(?!\d))/g, language === 'ru' ? nbsp : ',').replace('-', '−')
  const parts = partsIn(timeZone)

  function scale(v: Maybe, base: number, names: string[], suffix = ''): Quantity {
    if (!known(v)) return { value: missing, unit: '' }
    let i = 0
    // What would be rounded up to a full step is written in the next unit: 999.6 kbit/s is 1.00 Mbit/s.
    while (Math.abs(v) >= base - 0.5 && i < names.length - 1) {
      v /= base
      i++
    }
    const value = i === 0 ? group(String(Math.round(v))) : Math.abs(v) >= 999.5 ? group(v.toFixed(0)) : decimal(sig3(v))
    return { value: value === '−0' ? '0' : value, unit: names[i] + suffix }
  }

  const perSecond = u.bytes.map((n) => n + u.perSecond)
  const unit = (n: number, name: string) => `${n}${nbsp}${name}`

  const f: Format = {
    language,
    timeZone: validZone(timeZone),
    rate: (v) => scale(v, 1000, u.rate),
    rateOfBytes: (v) => scale(known(v) ? v * 8 : v, 1000, u.rate),
    bytes: (v) => scale(v, 1024, u.bytes),
    throughput: (v) => scale(v, 1024, perSecond),
    percent: (v, digits = 0) => (known(v) ? decimal(v.toFixed(digits)).replace(/^−(0(?:[.,]0+)?)$/, '$1') + (language === 'ru' ? `${thin}%` : '%') : missing),
    count: (v) => (known(v) ? group(String(Math.round(v))) : missing),
    number: (v, digits = 2) => (known(v) ? decimal(v.toFixed(digits)) : missing),
    money(v, currency, cents = false) {
      if (!known(v)) return { value: missing, unit: '' }
      const micro = Math.round(Math.abs(v) * 1e6)
      const fraction = String(micro % 1e6).padStart(6, '0')
      const digits = cents ? fraction.slice(0, 2) : fraction.replace(/0{1,4}$/, '')
      const whole = group(String(Math.floor(micro / 1e6)))
      return { value: `${v < 0 && micro > 0 ? '−' : ''}${whole}${language === 'ru' ? ',' : '.'}${digits}`, unit: currency }
    },
    load: (v) => (known(v) ? decimal(v.toFixed(2)) : missing),
    duration(seconds) {
      if (!known(seconds)) return missing
      const s = Math.max(0, Math.floor(seconds))
      const all: [number, string][] = [
        [Math.floor(s / 86400), u.time.d],
        [Math.floor(s / 3600) % 24, u.time.h],
        [Math.floor(s / 60) % 60, u.time.min],
        [s % 60, u.time.s],
      ]
      const first = all.findIndex(([n]) => n > 0)
      if (first < 0) return unit(0, u.time.s)
      return all.slice(first, first + 2).filter(([n]) => n > 0).map(([n, name]) => unit(n, name)).join(nbsp)
    },
    days: (seconds) => (known(seconds) && seconds >= 86400 ? unit(Math.floor(seconds / 86400), u.time.d) : f.duration(seconds)),
    age: (ms, now = Date.now()) => (known(ms) ? f.duration((now - ms) / 1000) : missing),
    clock: (ms) => (known(ms) ? parts(ms).clock : missing),
    clockShort: (ms) => (known(ms) ? parts(ms).clock.slice(0, 5) : missing),
    date(ms, now = Date.now()) {
      if (!known(ms)) return missing
      const p = parts(ms)
      return `${p.day}${nbsp}${u.months[p.month - 1]}` + (p.year === parts(now).year ? '' : `${nbsp}${p.year}`)
    },
    month(ms) {
      if (!known(ms)) return missing
      const p = parts(ms)
      return `${p.month === 5 ? u.may : u.months[p.month - 1]}${nbsp}${p.year}`
    },
    time(ms, now = Date.now()) {
      if (!known(ms)) return missing
      const p = parts(ms)
      return p.key === parts(now).key ? p.clock : `${f.date(ms, now)}, ${p.clock.slice(0, 5)}`
    },
    full(ms) {
      if (!known(ms)) return missing
      const p = parts(ms)
      return `${p.day}${nbsp}${u.months[p.month - 1]}${nbsp}${p.year}, ${p.clock}`
    },
    moment(ms) {
      if (!known(ms)) return missing
      const p = parts(ms)
      return `${p.day}${nbsp}${u.months[p.month - 1]}${nbsp}${p.year}, ${p.clock.slice(0, 5)}`
    },
    span(from, to, now = Date.now()) {
      const [a, b, today] = [parts(from), parts(to), parts(now)]
      const clock = (p: Parts) => (to - from < 600_000 ? p.clock : p.clock.slice(0, 5))
      const dated = (p: Parts, ms: number) => `${f.date(ms, now)}, ${clock(p)}`
      if (a.key !== b.key) return `${dated(a, from)} – ${dated(b, to)}`
      return `${a.key === today.key ? clock(a) : dated(a, from)}–${clock(b)}`
    },
    tick(ms, spanSeconds) {
      const p = parts(ms)
      if (spanSeconds > 10 * 86400 || p.clock === '00:00:00') return `${p.day}${nbsp}${u.months[p.month - 1]}`
      return spanSeconds < 300 ? p.clock : p.clock.slice(0, 5)
    },
  }
  return f
}

interface Parts {
  year: number
  month: number
  day: number
  clock: string
  key: string
}

/** Reads a moment in a zone. */
function partsIn(timeZone: string): (ms: number) => Parts {
  const intl = new Intl.DateTimeFormat('en-CA', { timeZone: validZone(timeZone), hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' })
  return (ms) => {
    const found: Record<string, string> = {}
    for (const p of intl.formatToParts(ms)) found[p.type] = p.value
    const { year = '', month = '', day = '', hour = '', minute = '', second = '' } = found
    return { year: Number(year), month: Number(month), day: Number(day), clock: `${hour}:${minute}:${second}`, key: `${year}-${month}-${day}` }
  }
}

/** A zone that this browser does not know becomes UTC. */
function validZone(timeZone: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
    return timeZone
  } catch {
    return 'UTC'
  }
}
