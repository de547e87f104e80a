/** Every connection breaks: under calls, between them, again and again. The same store object goes on. */
import assert from 'node:assert/strict'
import { isStintError } from '../../errors.js'
import { nextTurn, seamOf, systemClock } from '../../seam.js'
import type { Store } from '../../store.js'
import { fact, NotExercised, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import { succeed } from '../stage/commands.js'
import { within } from '../stage/deadline.js'
import {
  changeOne,
  claim,
  draft,
  insertAll,
  insertOne,
  must,
  newJob,
  newJobs,
  only,
  read,
  take,
  tokenOf,
} from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import type { Stage } from '../stage/stage.js'
import type { KindOfWrite } from './kind-of-write.js'
import { KINDS_OF_WRITE } from './kinds-of-write.js'
import { errorOf, laterCalls, mustBeCoded } from './outcome.js'

/** Longest time until the same store works again, by the contract. */
const BACK_MS = 5000
/** Of a call whose connection breaks, its deadline left aside. */
const SETTLES_MS = 12_000
const PAUSE_MS = 20
/** Who has lost a connection comes back after a pause; what it sends again comes within a few of them. */
const LATE_MS = 100

const { monotonic } = seamOf(null)
const pause = (): Promise<void> => new Promise((resolve) => void systemClock.after(PAUSE_MS, resolve))

/** Each of them works again, in time; until then it says in codes that it does not. */
async function worksAgain(stores: readonly Store[]): Promise<void> {
  const began = monotonic()
  for (const store of new Set(stores)) {
    for (;;) {
      const job = newJob({ queue: 'back' })
      const error = await errorOf(settled(store.exchange({ inserts: [job] })))
      if (error === null) {
        assert.equal((await read(store, job.id)).id, job.id)
        break
      }
      mustBeCoded(error, 'while the connections come back')
      const ms = Math.round(monotonic() - began)
      assert.ok(ms < BACK_MS, `FAULT-4: the store does not work ${ms} ms after its connections broke: ${String(error)}`)
      await pause()
    }
  }
}

const settled = <T>(call: Promise<T>): Promise<T> =>
  within(SETTLES_MS, 'FAULT-2: a call whose connection broke', call, () => 'an answer or an error')

const handles = ({ a, b }: Stage): Store[] => [a, b]

async function turns(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await nextTurn()
}

// ---- at most once ---------------------------------------------------------------------------------------------------

/** A write that nothing guards: how often it was carried out can be counted. */
interface Unguarded {
  readonly name: string
  readonly send: (store: Store) => Promise<unknown>
  readonly times: (store: Store) => Promise<number>
}

let lanes = 0

const UNGUARDED: readonly ((store: Store) => Promise<Unguarded>)[] = [
  async (store) => {
    const { id } = await insertOne(store)
    const bump = { id, guard: { states: ['queued'] }, set: { priority: 7 }, event: draft('reprioritised') } as const
    return {
      name: 'change by the state alone',
      send: (to) => changeOne(to, bump),
      times: async (from) => (await read(from, id)).version - 1,
    }
  },
  async (store) => {
    const queue = `lane-${++lanes}`
    await insertAll(store, newJobs(3, { queue }))
    const sent = claim({ from: [{ queue, limit: 1 }] })
    return {
      name: 'claim',
      send: (to) => to.exchange({ claims: [sent] }),
      times: async (from) => (await from.list({ walk: 'lease', queue, limit: 9 })).jobs.length,
    }
  },
  async () => {
    const name = `setting-${++lanes}`
    return {
      name: 'setting without a version',
      send: (to) => to.configure([{ kind: 'schedule', name, value: '1' }]),
      times: async (from) => (await from.settings('schedule')).find((one) => one.name === name)?.version ?? 0,
    }
  },
  async () => {
    const job = newJob()
    return {
      name: 'insert',
      send: (to) => to.exchange({ inserts: [job] }),
      times: async (from) => only(await from.get([job.id]))?.version ?? 0,
    }
  },
]

/** Sends them all and breaks the connections, before or after, and judges by what was told. Answers how many were rejected. */
async function brokenUnder(stage: Stage, moment: number | 'before'): Promise<number> {
  const { a, b } = stage
  const writes: Unguarded[] = []
  for (const prepare of [...UNGUARDED, ...UNGUARDED]) writes.push(await prepare(a))
  if (moment === 'before') await stage.hook('cut')(stage.space)
  const calls = writes.map(({ send }) => errorOf(settled(send(a))))
  if (moment !== 'before') {
    await turns(moment)
    await stage.hook('cut')(stage.space)
  }
  const errors = await Promise.all(calls)
  await worksAgain(handles(stage))
  const told: number[] = []
  for (const [n, { name, times }] of writes.entries()) {
    const error = errors[n] ?? null
    const count = await times(b)
    told.push(count)
    assert.ok(count <= 1, `IDEM-3: the ${name} was carried out ${count} times`)
    if (error === null) assert.equal(count, 1, `READ-1: the ${name} was acknowledged`)
    else mustBeCoded(error, `the ${name}, its connection broken`)
    if (isStintError(error, 'STORE_UNAVAILABLE'))
      assert.equal(count, 0, `FAULT-1: the ${name} was called a write that surely did not happen`)
  }
  await laterCalls(handles(stage), LATE_MS)
  for (const [n, { name, times }] of writes.entries())
    assert.equal(await times(b), told[n], `FAULT-5: the ${name} was over, and was carried out later`)
  return errors.filter((error) => error !== null).length
}

const atMostOnce: readonly StoreCase[] = [
  fact(
    'writes under way when every connection breaks › settle, coded, carried out at most once and not later; the store works again [FAULT-1, FAULT-2, FAULT-3, FAULT-4, FAULT-5, IDEM-3]',
    async (stage) => {
      let rejected = 0
      for (const moment of [0, 1, 2, 3, 5]) rejected += await brokenUnder(stage, moment)
      if (rejected === 0) throw new NotExercised('no write was under way when the connections broke')
    },
    NEEDS.cut,
  ),
  fact(
    'writes right after every connection broke › settle, coded, carried out at most once; the same store works again within 5 s [FAULT-4, FAULT-1, FAULT-2, IDEM-3]',
    async (stage) => {
      for (let n = 0; n < 3; n++) await brokenUnder(stage, 'before')
    },
    NEEDS.cut,
  ),
]

// ---- each kind of write, and what is read ---------------------------------------------------------------------------

const repeated = (kind: KindOfWrite): StoreCase =>
  fact(
    `${kind.name} › its connection broken under it › repeated, it has happened once, and its caller learns it [FAULT-1, FAULT-3, FAULT-4]`,
    async (stage) => {
      let rejected = 0
      for (const moment of [0, 1, 2]) {
        const sent = await kind.prepare(stage)
        const call = errorOf(settled(sent.send(stage.a, false)))
        await turns(moment)
        await stage.hook('cut')(stage.space)
        const error = await call
        await worksAgain(handles(stage))
        if (error !== null) {
          rejected++
          mustBeCoded(error, `cut after ${moment} turns`)
          if (isStintError(error, 'STORE_UNAVAILABLE')) assert.equal(await sent.isThere(stage.b), false)
          assert.equal(await sent.send(stage.a, true), true, 'its caller learns that it happened')
        }
        assert.equal(await sent.isThere(stage.b), true)
        assert.equal(await sent.ownEvents(stage.b), kind.hasEvent ? 1 : 0, 'its events')
      }
      if (rejected === 0) throw new NotExercised('the write was over each time before the connections broke')
    },
    NEEDS.cut,
    ...kind.needs,
  )

const READS: readonly ((store: Store, id: string) => Promise<unknown>)[] = [
  (store, id) => store.get([id]),
  (store) => store.list({ walk: 'id', direction: 'asc', limit: 10 }),
  (store, id) => store.events(id, { limit: 10 }),
  (store) => store.feed({ after: 'start', limit: 10 }),
  (store) => store.stats(),
  (store) => store.settings('paused'),
  (store) => store.now(),
]

const goingOn: readonly StoreCase[] = [
  fact(
    'reads under way when every connection breaks › answer as ever or are coded, and answer again [FAULT-2, FAULT-4]',
    async (stage) => {
      const { id } = await insertOne(stage.a)
      const right = await Promise.all(READS.map((read) => read(stage.a, id)))
      for (const moment of [0, 1, 2]) {
        const calls = READS.map((read) => settled(read(stage.a, id)))
        for (const call of calls) call.catch(() => {}) // looked at below; one may be rejected while the cut is awaited
        await turns(moment)
        await stage.hook('cut')(stage.space)
        for (const [n, one] of (await Promise.allSettled(calls)).entries()) {
          if (one.status === 'rejected') mustBeCoded(one.reason, 'a read, its connection broken')
          else if (moment === 0) assert.deepEqual(one.value, right[n])
        }
        await worksAgain(handles(stage))
      }
    },
    NEEDS.cut,
  ),
  fact(
    'leases held when every connection breaks › are their holder’s afterwards: it beats and settles [FENCE-4, FAULT-3, FAULT-4]',
    async (stage) => {
      const { a, b } = stage
      const { job } = await jobIn(a, 'running')
      await insertOne(a)
      const taken = only(await take(b))
      await stage.hook('cut')(stage.space)
      await worksAgain(handles(stage))
      const beat = { id: job.id, token: tokenOf(job), leaseMs: 60_000 }
      assert.equal(only((await a.exchange({ beats: [beat] })).beats).ok, true)
      await must(a, succeed(job))
      await must(b, succeed(taken))
    },
    NEEDS.cut,
  ),
  fact(
    'connections broken again and again › the store works each time, and no error goes unhandled [FAULT-4]',
    async (stage) => {
      const unhandled: unknown[] = []
      const hear = (error: unknown): void => void unhandled.push(error)
      process.on('uncaughtExceptionMonitor', hear)
      try {
        for (let n = 0; n < 10; n++) {
          const calls = [errorOf(settled(insertOne(stage.a))), errorOf(settled(insertOne(stage.b)))]
          await stage.hook('cut')(stage.space)
          await Promise.all(calls)
          if (n % 2) await worksAgain(handles(stage))
        }
        await worksAgain(handles(stage))
        await turns(3)
      } finally {
        process.off('uncaughtExceptionMonitor', hear)
      }
      assert.deepEqual(unhandled, [])
    },
    NEEDS.cut,
  ),
]

export const cuts: readonly StoreCase[] = [...atMostOnce, ...KINDS_OF_WRITE.map(repeated), ...goingOn]
