import { alpha, colors } from '../../lib/colors'
import { useCanvas } from '../../lib/frame'

const step = 8
const barWidth = 3

/** The mark, stretched over the page: one still drawing. */
export function LoginDrawing() {
  const ref = useCanvas((g, width, height) => {
    const { 's-a': up, 's-b': down } = colors()
    const middle = height * 0.46
    const bars = Math.floor(width / step)
    for (let i = 0; i < bars; i++) {
      const envelope = Math.sin((Math.PI * i) / bars)
      const wave = 0.52 + 0.24 * Math.sin(i * 0.21) + 0.16 * Math.sin(i * 0.57 + 1) + 0.14 * Math.sin(i * 1.7 + 2)
      const above = wave * 40 * envelope + 1.5
      const below = (1.1 - wave * 0.45) * 30 * envelope + 1.5
      g.fillStyle = alpha(up, 0.5 * envelope + 0.06)
      g.beginPath()
      g.roundRect(i * step + 2, middle - above, barWidth, above - 0.75, 1.5)
      g.fill()
      g.fillStyle = alpha(down, 0.34 * envelope + 0.05)
      g.beginPath()
      g.roundRect(i * step + 2, middle + 0.75, barWidth, below, 1.5)
      g.fill()
    }
  })
  return <canvas ref={ref} className="h-23 w-full" aria-hidden />
}
