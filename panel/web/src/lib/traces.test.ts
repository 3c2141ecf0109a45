import { expect, it } from 'vitest'
import { TraceRing } from './traces'

const at = (minute: number, second = 0) => (minute * 60 + second) * 1000
const values = (v: number) => ({ cpu: v, ram: v, rx: v, tx: v })
const tail = (ring: TraceRing, n: number) => [...ring.cpu.slice(60 - n)]

it('keeps the mean of each minute', () => {
  const ring = new TraceRing()
  ring.push(values(10), at(100, 0))
  ring.push(values(20), at(100, 10))
  ring.push(values(60), at(100, 20))
  ring.push(values(5), at(101, 0))
  expect(tail(ring, 3)).toEqual([Number.NaN, 30, 5])
})

it('leaves a gap where nothing came', () => {
  const ring = new TraceRing()
  ring.push(values(1), at(100))
  ring.push(values(2), at(103))
  expect(tail(ring, 4)).toEqual([1, Number.NaN, Number.NaN, 2])
  expect(ring.advance(at(104))).toBe(true)
  expect(ring.advance(at(104, 59))).toBe(false)
  expect(tail(ring, 2)).toEqual([2, Number.NaN])
})

it('starts from history', () => {
  const ring = new TraceRing()
  const history = Array.from({ length: 60 }, (_, i) => (i === 58 ? null : i))
  ring.seed({ cpu: history, ram: history, rx: history, tx: history }, at(200))
  expect(tail(ring, 3)).toEqual([57, Number.NaN, 59])
  ring.push(values(7), at(201))
  expect(tail(ring, 3)).toEqual([Number.NaN, 59, 7])
})

it('takes a short history, and forgets everything after an hour of silence', () => {
  const ring = new TraceRing()
  ring.seed({ cpu: [4], ram: [4], rx: [4], tx: [4] }, at(200))
  expect(tail(ring, 2)).toEqual([Number.NaN, 4])
  ring.advance(at(290))
  expect(ring.cpu.every(Number.isNaN)).toBe(true)
})

it('ignores what is later than its minute', () => {
  const ring = new TraceRing()
  ring.push(values(1), at(100))
  ring.push(values(9), at(98))
  expect(tail(ring, 2)).toEqual([Number.NaN, 1])
})
