import type { ColorName } from '../../lib/colors'

const order = ['s-a', 's-b', 's-c', 's-d', 's-e', 's-f'] as const satisfies ColorName[]

/** The colour token of the i-th series of a chart; none of them is a state colour. */
export const seriesColor = (i: number): ColorName => order[i % order.length] as ColorName
