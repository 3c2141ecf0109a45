import { useTranslation } from 'react-i18next'
import type { AlertDay } from '../../api/types'
import { colors } from '../../lib/colors'
import { useCanvas } from '../../lib/frame'
import { useFormat } from '../../lib/use-format'

const day = 86_400_000
const axis = 16
const labelEvery = 5

/** Events per day, the worst at the bottom. Days are those of UTC, as the panel counts them. */
export function DaysChart({ days, count, now = Date.now() }: { days: AlertDay[]; count: number; now?: number }) {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const byDay = new Map(days.map((d) => [d.day, d]))
  const today = Math.floor(now / day) * day
  const list = Array.from({ length: count }, (_, i) => {
    const at = today - (count - 1 - i) * day
    return { at, ...(byDay.get(new Date(at).toISOString().slice(0, 10)) ?? { critical: 0, warning: 0, info: 0 }) }
  })
  const most = Math.max(4, ...list.map((d) => d.critical + d.warning + d.info))
  const ref = useCanvas((g, width, height) => {
    const c = colors()
    const [floor, step] = [height - axis, width / count]
    list.forEach((d, i) => {
      let y = floor
      g.globalAlpha = i === count - 1 ? 1 : 0.8
      for (const [n, color] of [[d.critical, c['crit-f']], [d.warning, c['warn-f']], [d.info, c['s-f']]] as const) {
        const h = (n / most) * floor
        y -= h
        g.fillStyle = color
        g.fillRect(i * step + 1, y + 1, step - 3, Math.max(0, h - 1))
      }
      g.globalAlpha = 1
      if (i % labelEvery !== 2) return
      g.font = '10.5px "Geist Variable", Geist, system-ui, sans-serif'
      g.fillStyle = c.axis
      g.textAlign = 'center'
      g.fillText(f.date(d.at + day / 2), i * step + step / 2, height - 3)
    })
    g.fillStyle = c.line
    g.fillRect(0, floor, width, 1)
  })
  const all = list.reduce((n, d) => n + d.critical + d.warning + d.info, 0)
  return <div className="days"><canvas ref={ref} role="img" aria-label={t('history.days', { days: count, count: all })} /></div>
}
