import { expect, it } from 'vitest'
import { rank } from './palette-rank'

const names = ['NL-Amsterdam-01', 'DE-Frankfurt-01', 'FI-Helsinki-01', 'Add server', 'frankly', 'Франкфурт']
const find = (q: string) => rank(names, q, (n) => [n])

it('puts prefixes before words before parts before fuzzy hits', () => {
  expect(find('fr')).toEqual(['frankly', 'DE-Frankfurt-01'])
  expect(find('ank')).toEqual(['DE-Frankfurt-01', 'frankly'])
  expect(find('hlsk')).toEqual(['FI-Helsinki-01'])
  expect(find('ФРАНК')).toEqual(['Франкфурт'])
})

it('finds nothing for letters in the wrong order, and no fuzzy hit for one letter', () => {
  expect(find('zz')).toEqual([])
  expect(find('q')).toEqual([])
})

it('looks through all texts of an item', () => {
  expect(rank([{ name: 'one', ip: '192.0.2.10' }, { name: 'two', ip: '198.51.100.9' }], '192.0', (i) => [i.name, i.ip])).toEqual([{ name: 'one', ip: '192.0.2.10' }])
})
