/** The chapters of the suite, in the order of the contract. */
import type { Chapter } from './case.js'
import { beats } from './exchange-beats.js'
import { changes } from './exchange-changes.js'
import { claims } from './exchange-claims.js'
import { order } from './order.js'
import { uniqueKeys } from './unique-keys.js'

export const CHAPTERS: readonly Chapter[] = [
  { title: 'changes', cases: changes },
  { title: 'beats', cases: beats },
  { title: 'claims', cases: claims },
  { title: 'order', cases: order },
  { title: 'unique keys', cases: uniqueKeys },
]
