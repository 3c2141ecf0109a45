import { describe, expect, it } from 'vitest'
import { createFormat } from '../../lib/format'
import { chartFormat } from './chart-format'

const en = createFormat('en', 'UTC')
const ru = createFormat('ru', 'UTC')

describe('chart units', () => {
  it.each([
    ['percent', 41.94, '41.9%', '42%'],
    ['bits_per_second', 2e9, '2.00\u00a0Gbit/s', '2\u00a0Gbit/s'],
    ['bits_per_second', 2.5e8, '250\u00a0Mbit/s', '250\u00a0Mbit/s'],
    ['bytes_per_second', 40 * 1024 * 1024, '40.0\u00a0MB/s', '40\u00a0MB/s'],
    ['number', 0.25, '0.25', '0.25'],
    ['number', 2.5, '2.50', '2.5'],
    ['number', 1540, '1,540', '1,540'],
    ['celsius', 41.6, '42\u00a0°C', '42\u00a0°C'],
  ] as const)('%s of %d', (unit, v, value, axis) => {
    const f = chartFormat(en, unit)
    expect(f.value(v)).toBe(value)
    expect(f.axis(v)).toBe(axis)
  })
  it('writes Russian', () => {
    expect(chartFormat(ru, 'bits_per_second').value(4.74e8)).toBe('474\u00a0Мбит/с')
    expect(chartFormat(ru, 'number').axis(2.5)).toBe('2,5')
  })
  it('writes zero without a unit on the axis', () => {
    expect(chartFormat(en, 'bytes_per_second').axis(0)).toBe('0')
  })
})
