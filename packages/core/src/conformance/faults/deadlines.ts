/** A call that cannot go on: by its own signal, or because somebody keeps the engine. */
import assert from 'node:assert/strict'
import { isStintError } from '../../errors.js'
import { seamOf } from '../../seam.js'
import { fact, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import { eventsOf, newJob, only, seenOf } from '../stage/fixtures.js'
import { errorOf, mustBeCoded } from './outcome.js'

/** Long enough to be no accident, short enough to wait for. */
export const DEADLINE_MS = 300
/** How much later than its deadline a call may settle on a machine that is busy. */
const GRACE_MS = 2000

const { monotonic } = seamOf(null)

export const deadlines: readonly StoreCase[] = [
  fact('a signal aborted before the call › is ABORTED, and nothing happens [FAULT-2]', async ({ a, b }) => {
    const before = await seenOf(b)
    await assert.rejects(a.exchange({ inserts: [newJob()] }, { signal: AbortSignal.abort(new Error('no more')) }), {
      code: 'ABORTED',
    })
    assert.deepEqual(await seenOf(b), before)
  }),
  fact('a signal aborted while the call is under way › the call settles, done or coded [FAULT-2]', async ({ a, b }) => {
    for (let n = 0; n < 20; n++) {
      const controller = new AbortController()
      const job = newJob()
      const call = a.exchange({ inserts: [job] }, { signal: controller.signal })
      if (n % 2) await Promise.resolve()
      controller.abort()
      const error = await errorOf(call)
      const isThere = only(await b.get([job.id])) !== null
      if (error === null) assert.equal(isThere, true)
      else if (isStintError(error, 'ABORTED')) assert.equal(isThere, false)
      else assert.ok(isStintError(error, 'OUTCOME_UNKNOWN'), String(error))
    }
  }),
  fact(
    'a write while the engine is held up › settles within its deadline, and works again when it is free [FAULT-2, FAULT-4, FAULT-1]',
    async (stage) => {
      const store = await stage.another({ deadline: DEADLINE_MS })
      const job = newJob()
      const free = await stage.hook('block')(stage.space)
      const from = monotonic()
      const error = await errorOf(store.exchange({ inserts: [job] }))
      const tookMs = monotonic() - from
      await free?.()
      mustBeCoded(error, 'held up')
      assert.ok(tookMs < DEADLINE_MS + GRACE_MS, `the call took ${tookMs} ms`)
      if (isStintError(error, 'STORE_UNAVAILABLE')) assert.deepEqual(await stage.b.get([job.id]), [null])
      await store.exchange({ inserts: [job] })
      assert.equal((await eventsOf(stage.b, job.id)).length, 1)
    },
    NEEDS.block,
  ),
]
