import type { KindOfWrite } from './kind-of-write.js'
import { ADMINISTRATION, BEATS_SENT, CLAIMS, INSERTS } from './kinds-beside.js'
import { KINDS_OF_CHANGE } from './kinds-of-change.js'

/** Every kind of write there is, in the order of the contract. */
export const KINDS_OF_WRITE: readonly KindOfWrite[] = [
  ...INSERTS,
  ...KINDS_OF_CHANGE,
  ...BEATS_SENT,
  ...CLAIMS,
  ...ADMINISTRATION,
]
