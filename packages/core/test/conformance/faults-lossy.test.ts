/** The lossy store loses what it is told to, and the table of writes has every kind that there is. */
import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { KINDS_OF_WRITE } from '../../src/conformance/faults/kinds-of-write.js'
import { Lossy } from '../../src/conformance/faults/lossy.js'
import { MOVES } from '../../src/conformance/faults/moves.js'
import { claim, feedFrom, insertOne, newJob } from '../../src/conformance/stage/fixtures.js'
import { Stage } from '../../src/conformance/stage/stage.js'
import { isStintError } from '../../src/errors.js'
import { memoryTableStore } from '../../src/memory/memory-store.js'
import { TRANSITIONS } from '../../src/transitions.js'

const isUnknown = (error: unknown): boolean => isStintError(error, 'OUTCOME_UNKNOWN')

async function opened() {
  const store = memoryTableStore()
  await store.open()
  return { store, lossy: new Lossy(store) }
}

async function setStage(): Promise<Stage> {
  const stage = new Stage({ store: (_space, options) => memoryTableStore(options) })
  await stage.set()
  return stage
}

describe('a lossy store', () => {
  it('loses a request › nothing has happened', async () => {
    const { store, lossy } = await opened()
    lossy.lose('request')
    await assert.rejects(lossy.store.exchange({ inserts: [newJob({ id: 'a' })] }), isUnknown)
    assert.deepEqual(await store.get(['a']), [null])
  })
  it('loses a reply › it has happened, once', async () => {
    const { store, lossy } = await opened()
    lossy.lose('reply')
    await assert.rejects(lossy.store.configure([{ kind: 'k', name: 'n', value: '1' }]), isUnknown)
    assert.equal((await store.settings('k'))[0]?.version, 1)
  })
  it('loses the nth call of a kind, and no other', async () => {
    const { lossy } = await opened()
    lossy.lose('reply', 'claims', 2)
    await insertOne(lossy.store)
    await lossy.store.exchange({ claims: [claim()] })
    await lossy.store.get(['a'])
    await lossy.store.remove([{ id: 'a', version: 1 }])
    assert.equal(lossy.lost, 0)
    await assert.rejects(lossy.store.exchange({ inserts: [newJob()], claims: [claim()] }), isUnknown)
    await lossy.store.exchange({ claims: [claim()] })
    assert.equal(lossy.lost, 1)
  })
})

describe('the kinds of write', () => {
  it('are those of the table of transitions: together they make every event that it knows', async () => {
    const stage = await setStage()
    for (const { prepare } of KINDS_OF_WRITE) await (await prepare(stage)).send(stage.a, false)
    const made = new Set((await feedFrom(stage.a, 'start')).events.map(({ type }) => type))
    const known = Object.values(TRANSITIONS).map(({ event }) => event)
    // A heartbeat that is told of is guarded by its token alone: its repeat is one more heartbeat, and no harm.
    assert.deepEqual(
      known.filter((event) => !made.has(event)),
      ['heartbeat'],
    )
  })
  for (const kind of KINDS_OF_WRITE) {
    it(`${kind.name} › sent once › does what the table says of it`, async () => {
      const stage = await setStage()
      const sent = await kind.prepare(stage)
      const place = async () => (sent.jobId === null ? null : (await stage.a.get([sent.jobId]))[0]?.state) ?? 'no job'
      assert.deepEqual(
        [await place(), await sent.isThere(stage.a), await sent.wouldApply(stage.a, stage.clock.now())],
        [kind.before, false, true],
      )
      assert.equal(await sent.ownEvents(stage.a), 0)
      assert.equal(await sent.send(stage.a, false), true)
      assert.deepEqual([await place(), await sent.isThere(stage.a)], [kind.after, true])
      assert.equal(await sent.ownEvents(stage.a), kind.hasEvent ? 1 : 0)
    })
  }
  it('each can be moved by others, before it happened or after it', () => {
    const isMovable = (place: (typeof KINDS_OF_WRITE)[number]['before'], kind: (typeof KINDS_OF_WRITE)[number]) =>
      MOVES.some(({ isLegal }) => isLegal(place, kind))
    assert.deepEqual(
      KINDS_OF_WRITE.filter((kind) => !isMovable(kind.before, kind) && !isMovable(kind.after, kind)),
      [],
    )
  })
})
