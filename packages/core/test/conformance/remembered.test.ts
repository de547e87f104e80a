import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { checkInvariants, type Remembered } from '../../src/conformance/index.js'
import { succeed } from '../../src/conformance/stage/commands.js'
import { insertAll, must, newJobs, take } from '../../src/conformance/stage/fixtures.js'
import { memoryStore } from '../../src/index.js'

/** Two jobs: one has succeeded under the fence 2, one waits. */
async function world() {
  const store = memoryStore()
  await store.open()
  const [done, waiting] = await insertAll(store, newJobs(2))
  assert.ok(done && waiting)
  const [taken] = await take(store, { from: [{ ids: [done.id] }] })
  assert.ok(taken)
  const ended = await must(store, succeed(taken))
  return { store, done: ended, waiting }
}

const refuses = (store: Parameters<typeof checkInvariants>[0], remembered: Remembered, message: RegExp) =>
  assert.rejects(checkInvariants(store, remembered), { message })

describe('what is remembered › of a store that', () => {
  test('keeps what it said › holds', async () => {
    const { store, done, waiting } = await world()
    const run = { jobId: done.id, fence: 2 }
    const remembered = { acknowledged: [done.id, waiting.id], refused: ['x'], begun: [run], succeeded: [run, run] }
    await checkInvariants(store, remembered)
  })

  test('has lost a job, or has one that it refused › does not hold [READ-1, FAULT-1]', async () => {
    const { store, waiting } = await world()
    await refuses(store, { acknowledged: ['lost'] }, /^READ-1: the job lost was acknowledged, and is lost/)
    await refuses(store, { refused: [waiting.id] }, /^FAULT-1: the job .* was refused as not written, and is there/)
  })

  test('let a handler run without a claim › does not hold [FENCE-2]', async () => {
    const { store, done } = await world()
    await refuses(store, { begun: [{ jobId: done.id, fence: 3 }] }, /^FENCE-2: .* under the fence 3, and no claim/)
  })

  test('accepted a success that it does not tell › does not hold [ATOM-1]', async () => {
    const { store, waiting } = await world()
    await refuses(store, { succeeded: [{ jobId: waiting.id, fence: 2 }] }, /^ATOM-1: the success of .* is not told/)
  })

  test('accepted the success of two runs › does not hold [FENCE-1]', async () => {
    const { store, done } = await world()
    const [first, second] = [2, 5].map((fence) => ({ jobId: done.id, fence })) as [never, never]
    await refuses(store, { succeeded: [first, second] }, /^FENCE-1: two runs of .* under the fences 2 and 5/)
  })
})
