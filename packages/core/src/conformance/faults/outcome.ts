/** How a write ended, and what may be said of one that was rejected. */
import assert from 'node:assert/strict'
import { isStintError } from '../../errors.js'
import { nextTurn, seamOf } from '../../seam.js'
import type { Store } from '../../store.js'
import { cancel } from '../stage/commands.js'
import { insertOne, must } from '../stage/fixtures.js'

/** null: it was done. */
export const errorOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => null,
    (reason: unknown) => reason,
  )

const { monotonic } = seamOf(null)

/** "Surely nothing happened", or "may have". */
const CODES = ['STORE_UNAVAILABLE', 'OUTCOME_UNKNOWN'] as const

export function mustBeCoded(error: unknown, where: string): void {
  const isCoded = CODES.some((code) => isStintError(error, code))
  assert.ok(isCoded, `${where}: expected ${CODES.join(' or ')}, got ${String(error)}`)
}

/** What a sweep does to a store; upkeep hangs on it. */
export const sweep = (store: Store): Promise<unknown> => store.list({ walk: 'lease', overOnly: true, limit: 1000 })

/**
 * Calls one after another, on each handle in turn, all acknowledged: whatever was sent before them has its time to arrive. `lastMs`: at least
 * so long, where what comes late may have waited with a pause of its own.
 */
export async function laterCalls(handles: readonly Store[], lastMs = 0): Promise<void> {
  const began = monotonic()
  do {
    for (const store of new Set(handles)) {
      await must(store, cancel(await insertOne(store, { queue: 'later' })))
      await sweep(store)
    }
    await nextTurn()
  } while (monotonic() - began < lastMs)
}
