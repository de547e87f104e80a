import { classic } from './classic.ts'
import { type Layout, PINS } from './layout.ts'
import { oneRow } from './one-row.ts'
import { split } from './split.ts'

export interface Variant {
  readonly layout: Layout
  /** What each connection says first. */
  readonly pins: string
  /** Whether the small tables are vacuumed by us, every five seconds, and not only by autovacuum. */
  readonly ownVacuum: boolean
}

const variant = (layout: Layout, { pins = PINS, ownVacuum = layout.small.length > 0 } = {}): Variant => ({
  layout,
  pins,
  ownVacuum,
})

/** The planner may do as it likes. */
const FREE = 'set jit = off'

/** The first is what the others are compared with. */
export const BUILT = 'one row'

/** Short runs, autovacuum off. The same one again shows how far apart two figures of one layout are. */
export const BURSTS: Readonly<Record<string, Variant>> = {
  [BUILT]: variant(oneRow()),
  'one row, again': variant(oneRow()),
  'one row, fill 20': variant(oneRow({ fillfactor: 20 })),
  'one row, fill 50': variant(oneRow({ fillfactor: 50 })),
  'one row, fill 85': variant(oneRow({ fillfactor: 85 })),
  'one row, feed BRIN': variant(oneRow({ feed: 'brin' })),
  'one row, held per job': variant(oneRow({ held: 'job' })),
  'one row, no lock first': variant(oneRow({ locksFirst: false })),
  'one row, plans free': variant(oneRow(), { pins: FREE }),
  classic: variant(classic()),
  'classic, fill 50': variant(classic({ fillfactor: 50 })),
  split: variant(split()),
}

/** A minute each, autovacuum as the server has it. */
export const STEADY: Readonly<Record<string, Variant>> = {
  [BUILT]: variant(oneRow()),
  'one row, no own vacuum': variant(oneRow(), { ownVacuum: false }),
  'one row, plans free': variant(oneRow(), { pins: FREE }),
  'one row, no own vacuum, plans free': variant(oneRow(), { pins: FREE, ownVacuum: false }),
  classic: variant(classic()),
  'classic, fill 50': variant(classic({ fillfactor: 50 })),
  split: variant(split()),
  'split, no own vacuum': variant(split(), { ownVacuum: false }),
}
