/** Where figures turn amber and red. Alerts have their own numbers. */

export type Level = '' | 'warn' | 'crit'

export interface Limit {
  warn: number
  crit: number
}

export const limits = {
  cpu: { warn: 80, crit: 90 },
  ram: { warn: 80, crit: 90 },
  disk: { warn: 80, crit: 90 },
  /** One core, in percent. */
  core: { warn: 85, crit: 95 },
  /** Load average per core. */
  load: { warn: 0.85, crit: 1 },
} satisfies Record<string, Limit>

/** Days until a certificate ends; less is worse. At 21 days a renewal has failed, at 30 it is only due. */
export const certificateDays: Limit = { warn: 21, crit: 7 }

/** Days until a bill has to be paid. */
export const billDays: Limit = { warn: 7, crit: 1 }

export type LimitName = keyof typeof limits

export function level(name: LimitName, value: number | null | undefined): Level {
  if (value == null || !Number.isFinite(value)) return ''
  const limit = limits[name]
  return value >= limit.crit ? 'crit' : value >= limit.warn ? 'warn' : ''
}

export function loadLevel(load: number | null | undefined, cores: number): Level {
  return load == null || cores <= 0 ? '' : level('load', load / cores)
}

export function certificateLevel(daysLeft: number | null | undefined): Level {
  if (daysLeft == null) return ''
  return daysLeft < certificateDays.crit ? 'crit' : daysLeft < certificateDays.warn ? 'warn' : ''
}

export function billLevel(daysLeft: number): Level {
  return daysLeft <= billDays.crit ? 'crit' : daysLeft <= billDays.warn ? 'warn' : ''
}
