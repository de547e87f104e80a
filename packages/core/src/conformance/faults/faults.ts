import type { StoreCase } from '../case.js'
import { failpointsInTurn } from './at-each-point.js'
import { cuts } from './cut.js'
import { deadlines } from './deadlines.js'
import { lostRequests } from './lost.js'
import { rejectedIsOver } from './rejected-is-over.js'

export const faults: readonly StoreCase[] = [
  ...failpointsInTurn,
  ...lostRequests,
  ...deadlines,
  ...rejectedIsOver,
  ...cuts,
]
