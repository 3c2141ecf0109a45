import { describe, expect, it } from 'vitest'
import { createFormat, missing, text } from './format'

const en = createFormat('en', 'UTC')
const ru = createFormat('ru', 'Europe/Moscow')

describe('rates', () => {
  it.each([
    [0, '0 bit/s', '0 бит/с'],
    [999, '999 bit/s', '999 бит/с'],
    [999.7, '1.00 kbit/s', '1,00 кбит/с'],
    [474e6, '474 Mbit/s', '474 Мбит/с'],
    [1.41e9, '1.41 Gbit/s', '1,41 Гбит/с'],
    [69.14e6, '69.1 Mbit/s', '69,1 Мбит/с'],
    [9.996e6, '10.0 Mbit/s', '10,0 Мбит/с'],
    [99.96e6, '100 Mbit/s', '100 Мбит/с'],
    [999.6e3, '1.00 Mbit/s', '1,00 Мбит/с'],
    [2500e12, '2,500 Tbit/s', '2\u00a0500 Тбит/с'],
  ])('%s', (bits, english, russian) => {
    expect(text(en.rate(bits))).toBe(english.replace(/ (?=\S+$)/, '\u00a0'))
    expect(text(ru.rate(bits))).toBe(russian.replace(/ (?=\S+$)/, '\u00a0'))
  })

  it('turns bytes into bits', () => expect(en.rateOfBytes(125e6)).toEqual({ value: '1.00', unit: 'Gbit/s' }))
})

describe('amounts', () => {
  it.each([
    [0, '0 B', '0 Б'],
    [1023, '1,023 B', '1\u00a0023 Б'],
    [1024, '1.00 KB', '1,00 КБ'],
    [14.9 * 1024 ** 3, '14.9 GB', '14,9 ГБ'],
    [1010 * 1024 ** 2, '1,010 MB', '1\u00a0010 МБ'],
    [2.56 * 1024 ** 4, '2.56 TB', '2,56 ТБ'],
  ])('%s', (bytes, english, russian) => {
    expect(text(en.bytes(bytes))).toBe(english.replace(/ (?=\S+$)/, '\u00a0'))
    expect(text(ru.bytes(bytes))).toBe(russian.replace(/ (?=\S+$)/, '\u00a0'))
  })

  it('gives disks bytes per second', () => {
    expect(text(en.throughput(23.8 * 1024 ** 2))).toBe('23.8\u00a0MB/s')
    expect(text(ru.throughput(23.8 * 1024 ** 2))).toBe('23,8\u00a0МБ/с')
  })
})

describe('percent, counts, loads', () => {
  it('percent', () => {
    expect(en.percent(93.4)).toBe('93%')
    expect(ru.percent(93.4)).toBe('93\u202f%')
    expect(en.percent(100)).toBe('100%')
    expect(ru.percent(27.34, 1)).toBe('27,3\u202f%')
    expect(en.percent(-0.2)).toBe('0%')
    expect(en.percent(-2)).toBe('−2%')
  })
  it('counts', () => {
    expect(en.count(999)).toBe('999')
    expect(en.count(2900)).toBe('2,900')
    expect(ru.count(2900)).toBe('2\u00a0900')
    expect(ru.count(1234567)).toBe('1\u00a0234\u00a0567')
  })
  it('load', () => {
    expect(en.load(1.066)).toBe('1.07')
    expect(ru.load(12)).toBe('12,00')
  })
})

describe('durations and ages', () => {
  it.each([
    [0, '0 s', '0 с'],
    [59.9, '59 s', '59 с'],
    [60, '1 min', '1 мин'],
    [11_220, '3 h 7 min', '3 ч 7 мин'],
    [3600, '1 h', '1 ч'],
    [96 * 86400 + 40, '96 d', '96 дн'],
    [2 * 86400 + 3600 * 5 + 59, '2 d 5 h', '2 дн 5 ч'],
  ])('%s s', (seconds, english, russian) => {
    expect(en.duration(seconds)).toBe(english.replaceAll(' ', '\u00a0'))
    expect(ru.duration(seconds)).toBe(russian.replaceAll(' ', '\u00a0'))
  })
  it('days', () => {
    expect(en.days(5.9 * 86400)).toBe('5\u00a0d')
    expect(en.days(7200)).toBe('2\u00a0h')
  })
  it('age', () => {
    expect(en.age(1_000, 42_000)).toBe('41\u00a0s')
    expect(ru.age(0, 41 * 60_000)).toBe('41\u00a0мин')
    expect(en.age(5_000, 4_000)).toBe('0\u00a0s') // clocks differ a little
  })
})

describe('times', () => {
  const noon = Date.UTC(2026, 10, 23, 9, 41, 7)
  const later = Date.UTC(2026, 10, 23, 20, 0, 0)
  it('uses the zone of the settings', () => {
    expect(en.clock(noon)).toBe('09:41:07')
    expect(ru.clock(noon)).toBe('12:41:07')
    expect(ru.clockShort(noon)).toBe('12:41')
  })
  it('gives the date only when it is not today', () => {
    expect(ru.time(noon, noon)).toBe('12:41:07')
    expect(en.time(noon, later)).toBe('09:41:07')
    expect(ru.time(noon, Date.UTC(2026, 10, 23, 22))).toBe('23\u00a0ноя, 12:41') // past midnight in Moscow
    expect(en.date(noon, later)).toBe('23\u00a0Nov')
    expect(en.date(noon, Date.UTC(2027, 0, 1))).toBe('23\u00a0Nov\u00a02026')
    expect(ru.full(noon)).toBe('23\u00a0ноя\u00a02026, 12:41:07')
  })
  it('writes a range as shortly as it can', () => {
    const hour = 3_600_000
    expect(ru.span(noon - hour, noon, noon)).toBe('11:41–12:41')
    expect(en.span(noon - 60_000, noon, noon)).toBe('09:40:07–09:41:07')
    expect(en.span(noon - 49 * hour, noon - 48 * hour, noon)).toBe('21\u00a0Nov, 08:41–09:41')
    expect(ru.span(noon - 24 * hour, noon, noon)).toBe('22\u00a0ноя, 12:41 – 23\u00a0ноя, 12:41')
    expect(en.span(Date.UTC(2025, 11, 31, 12), Date.UTC(2026, 0, 1, 12), noon)).toBe('31\u00a0Dec\u00a02025, 12:00 – 1\u00a0Jan, 12:00')
  })
  it('labels an axis', () => {
    expect(en.tick(noon, 3600)).toBe('09:41')
    expect(en.tick(noon, 60)).toBe('09:41:07')
    expect(en.tick(Date.UTC(2026, 10, 23), 3600)).toBe('23\u00a0Nov')
    expect(ru.tick(noon, 30 * 86400)).toBe('23\u00a0ноя')
  })
  it('falls back to UTC for a zone that the browser does not know', () => expect(createFormat('en', 'Mars/Base').clock(noon)).toBe('09:41:07'))
})

it('shows what is missing as a dash, never as zero', () => {
  for (const f of [en, ru]) {
    for (const v of [null, undefined, Number.NaN]) {
      expect([text(f.rate(v)), text(f.bytes(v)), f.percent(v), f.count(v), f.load(v), f.duration(v), f.age(v), f.time(v), f.full(v)]).toEqual(Array(9).fill(missing))
    }
  }
})

it('writes money in decimals, without the noise of binary fractions', () => {
  const [en, ru] = [createFormat('en', 'UTC'), createFormat('ru', 'UTC')]
  expect(en.money(1234.5, 'USD')).toEqual({ value: '1,234.50', unit: 'USD' })
  expect(ru.money(0.1 + 0.2, 'RUB')).toEqual({ value: '0,30', unit: 'RUB' })
  expect(en.money(0.000001, 'USDT').value).toBe('0.000001')
  expect(en.money(45.678912, 'EUR', true).value).toBe('45.67')
  expect(en.money(-3.2, 'EUR').value).toBe('−3.20')
  expect(en.money(null, 'EUR')).toEqual({ value: '–', unit: '' })
})

it('writes a moment to the minute', () => {
  expect(createFormat('en', 'Europe/Moscow').moment(Date.UTC(2026, 10, 23, 9, 41, 7))).toBe('23\u00a0Nov\u00a02026, 12:41')
})
