import { describe, expect, it } from 'vitest'
import { type ChartEvent, beside, eventsNear, half, lane } from './lane'

const event = (time: number, more: Partial<ChartEvent> = {}): ChartEvent => ({ id: String(time), alert: false, tone: 'plain', time, end: time, label: `e${time}`, text: `event ${time}`, ...more })

/** A plot of 1000 ms from 100 to 1100 px, and words of six pixels a letter. */
const place = { from: 0, to: 1000, left: 100, right: 1100, width: (text: string) => 6 * text.length }

describe('lane', () => {
  it('puts marks at their times and words where they fit', () => {
    const { marks } = lane([event(900, { label: 'a long story' }), event(100), event(970, { label: 'too near to the edge' })], place)
    expect(marks).toEqual([
      { x: 200, alert: false, tone: 'plain', count: 1, label: 'e100' },
      { x: 1000, alert: false, tone: 'plain', count: 1, label: '' }, // the next one is in the way
      { x: 1070, alert: false, tone: 'plain', count: 1, label: '' },
    ])
  })

  it('makes one mark of several in a few pixels: the worst colour, a triangle if one is an alert, and their number', () => {
    const { marks } = lane([event(500), event(503, { alert: true, tone: 'warn' }), event(507, { tone: 'crit' }), event(509)], place)
    expect(marks).toEqual([{ x: 600, alert: true, tone: 'crit', count: 4, label: '4' }])
  })

  it('shows how long an alert lasted, also one from before and one that goes on, and marks beginnings only', () => {
    const alert = { alert: true, tone: 'crit' } as const
    const { marks, stretches } = lane([event(-50, { ...alert, end: 100 }), event(600, { ...alert, end: null }), event(-90, { ...alert, end: -10 }), event(-5, { end: 50 }), event(1500)], place)
    expect(marks.map((m) => m.x)).toEqual([700])
    expect(stretches).toEqual([{ from: 100, to: 200, tone: 'crit' }, { from: 700, to: 1100, tone: 'crit' }])
  })

  it('has no words on the other charts', () => {
    expect(lane([event(100)], { ...place, width: undefined }).marks[0]?.label).toBe('')
  })

  it('never overlaps and loses none, however many there are', () => {
    let seed = 1
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647
    for (let round = 0; round < 300; round++) {
      const events = Array.from({ length: Math.floor(random() * 200) }, () => event(1 + Math.floor(random() * 999)))
      const { marks } = lane(events, place)
      expect(marks.reduce((n, m) => n + m.count, 0)).toBe(events.length)
      marks.forEach((m, i) => {
        const wordsEnd = m.label ? m.x + beside + (m.count > 1 ? 7 : 6) * m.label.length : m.x + half
        const next = marks[i + 1]
        if (next) expect(wordsEnd).toBeLessThanOrEqual(next.x - half)
        expect(m.label === String(m.count) || m.count === 1).toBe(true)
      })
    }
  })
})

describe('events at the cursor', () => {
  const list = [event(100), event(150, { end: 300 }), event(400, { end: null }), event(390)]
  it('are those near it and those that last, what began nearest first', () => {
    const at = (time: number) => eventsNear(list, time, 20).map((e) => e.time)
    expect(at(90)).toEqual([100])
    expect(at(135)).toEqual([150])
    expect(at(250)).toEqual([150])
    expect(at(321)).toEqual([])
    expect(at(394)).toEqual([390, 400])
    expect(at(900)).toEqual([400])
    expect(eventsNear([event(100, { end: null }), event(505)], 500, 20).map((e) => e.time)).toEqual([505, 100])
  })
})
