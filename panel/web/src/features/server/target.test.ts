import { expect, it } from 'vitest'
import { parseTarget } from './target'

it('reads the chart that a link from an alert points at', () => {
  const parse = (text: string) => parseTarget(new URLSearchParams(text))
  expect(parse('chart=cpu&threshold=90')).toEqual({ chart: 'cpu', threshold: { value: 90, below: false }, series: '' })
  expect(parse('chart=network&threshold=8e6&below=1&series=x')).toEqual({ chart: 'network', threshold: { value: 8e6, below: true }, series: 'x' })
  expect(parse('chart=cpu&threshold=soon')).toEqual({ chart: 'cpu', threshold: null, series: '' })
  expect(parse('chart=cpu')).toEqual({ chart: 'cpu', threshold: null, series: '' })
  expect(parse('threshold=90')).toBeNull()
})
