import assert from 'node:assert/strict'
import { isStintError } from '../../errors.js'
import type { JobRecord } from '../../record.js'
import { seamOf } from '../../seam.js'
import type { Store } from '../../store.js'
import { fact, NotExercised, type StoreCase } from '../case.js'
import { cancel, reprioritise, retry, succeed } from '../commands.js'
import {
  at,
  changeOne,
  claim,
  draft,
  eventsOf,
  insertAll,
  insertOne,
  must,
  newJob,
  newJobs,
  only,
  read,
  seenOf,
  take,
  tokenOf,
} from '../fixtures.js'
import { checkInvariants } from '../invariants.js'
import { jobIn } from '../job-in.js'
import { NEEDS } from '../needs.js'
import type { Stage } from '../stage.js'

interface Trial {
  readonly write: () => Promise<unknown>
  /** How much of it is there: none, all, or a part. */
  readonly done: () => Promise<'none' | 'all' | 'part'>
}

/** What a sweep does to a store; upkeep hangs on it. */
const sweep = (store: Store): Promise<unknown> => store.list({ walk: 'lease', overOnly: true, limit: 1000 })

const CODES = ['STORE_UNAVAILABLE', 'OUTCOME_UNKNOWN'] as const

/** Prepares the trial anew for each point that its write passes, lets it throw there, and judges what is left. */
async function atEachPoint(stage: Stage, prepare: (n: number) => Promise<Trial>, mayBePart: boolean): Promise<void> {
  const { a, b, failpoints } = stage
  for (let nth = 1; nth <= 500; nth++) {
    const { write, done } = await prepare(nth)
    assert.equal(await done(), 'none')
    const before = await seenOf(b)
    failpoints.arm(nth)
    const error: unknown = await write().then(
      () => null,
      (reason: unknown) => reason,
    )
    failpoints.disarm()
    const { thrownAt } = failpoints
    if (thrownAt === null && nth === 1) throw new NotExercised('the store calls no failpoint in this write')
    if (thrownAt === null) return
    const where = `thrown at point ${nth}, '${thrownAt}'`
    await sweep(a)
    await checkInvariants(b)
    const left = await done()
    if (error === null) assert.equal(left, 'all', `${where}: acknowledged`)
    else {
      assert.ok(
        CODES.some((code) => isStintError(error, code)),
        `${where}: expected ${CODES.join(' or ')}, got ${String(error)}`,
      )
      if (isStintError(error, 'STORE_UNAVAILABLE'))
        assert.deepEqual(await seenOf(b), before, `${where}: surely nothing happened`)
      if (!mayBePart) assert.notEqual(left, 'part', `${where}: all of it or nothing`)
      await write() // the store is as able as before, and the caller may repeat
      assert.equal(await done(), 'all', `${where}: repeated`)
    }
  }
  throw new Error('a write of few items passes more than 500 failpoints')
}

const whole = (applied: boolean | undefined): 'none' | 'all' => (applied ? 'all' : 'none')

/** By kind of write: one item, which is whole or absent at every point. */
const SINGLE: Readonly<Record<string, (stage: Stage, nth: number) => Promise<Trial>>> = {
  insert: async ({ a, b }, nth) => {
    const job = newJob({ key: `key-${nth}` })
    return {
      write: () => a.exchange({ inserts: [job] }),
      done: async () => whole(only(await b.get([job.id])) !== null),
    }
  },
  'change that ends a job': async ({ a, b }, nth) => {
    const { job } = await jobIn(a, 'running', { key: `key-${nth}` })
    return {
      write: () => changeOne(a, succeed(job)),
      done: async () => whole((await read(b, job.id)).state === 'succeeded'),
    }
  },
  'change that revives a job': async ({ a, b }, nth) => {
    const { job } = await jobIn(a, 'dead', { key: `key-${nth}` })
    return {
      write: () => changeOne(a, retry(job)),
      done: async () => whole((await read(b, job.id)).state === 'queued'),
    }
  },
  'change of a place in line': async ({ a, b }) => {
    const job = await insertOne(a)
    return {
      write: () => changeOne(a, reprioritise(job)),
      done: async () => whole((await read(b, job.id)).version === 2),
    }
  },
  beat: async ({ a, b }) => {
    const { job, token } = await jobIn(a, 'running')
    const beat = { id: job.id, token, leaseMs: 90_000, progress: '1' }
    return {
      write: () => a.exchange({ beats: [beat] }),
      done: async () => whole((await read(b, job.id)).progress === '1'),
    }
  },
  claim: async ({ a, b }, nth) => {
    const { id } = await insertOne(a, { queue: `queue-${nth}`, key: `key-${nth}`, keyUntil: 'claimed' })
    const sent = claim({ from: [{ queue: `queue-${nth}`, limit: 1 }], again: true })
    return {
      write: () => a.exchange({ claims: [sent] }),
      done: async () => whole((await read(b, id)).state === 'running'),
    }
  },
  remove: async ({ a, b }) => {
    const { job } = await jobIn(a, 'dead')
    return {
      write: () => a.remove([{ id: job.id, version: job.version }]),
      done: async () => whole(only(await b.get([job.id])) === null),
    }
  },
  configure: async ({ a, b }, nth) => {
    const write = { kind: 'schedule', name: `s-${nth}`, value: '1', ifVersion: 0 }
    return {
      write: () => a.configure([write]),
      done: async () => whole((await b.settings('schedule')).some(({ name }) => name === `s-${nth}`)),
    }
  },
}

const single: readonly StoreCase[] = Object.entries(SINGLE).map(([kind, prepare]) =>
  fact(
    `${kind} › failing at each point in turn › is whole or absent, coded, and repeats well [ATOM-1, FAULT-1, FAULT-3, FAULT-4]`,
    (stage) => atEachPoint(stage, (nth) => prepare(stage, nth), false),
  ),
)

/** A batch of four parts; what is there of it afterwards is counted item by item. */
async function mixed({ a, b }: Stage, nth: number): Promise<Trial> {
  const queue = `queue-${nth}`
  const [running, beaten] = [(await jobIn(a, 'running', { queue })).job, (await jobIn(a, 'running', { queue })).job]
  const cancelled = await insertOne(a, { queue: `${queue}-c` })
  const taken = await insertOne(a, { queue: `${queue}-t` })
  const inserts = newJobs(2, { queue })
  const batch = {
    inserts,
    changes: [succeed(running), cancel(cancelled)],
    beats: [{ id: beaten.id, token: tokenOf(beaten), progress: '1' }],
    claims: [claim({ from: [{ queue: `${queue}-t`, limit: 1 }], again: true })],
  }
  const done = async (): Promise<'none' | 'all' | 'part'> => {
    const now = await b.get([...inserts.map(({ id }) => id), running.id, cancelled.id, beaten.id, taken.id])
    const [one, two, settled, ended, told, held] = now
    const items = [
      one,
      two,
      settled?.state === 'succeeded',
      ended?.state === 'cancelled',
      told?.progress === '1',
      held?.lease,
    ]
    const there = items.filter(Boolean).length
    return there === 0 ? 'none' : there === items.length ? 'all' : 'part'
  }
  return { write: () => a.exchange(batch), done }
}

const batches: readonly StoreCase[] = [
  fact(
    'exchange of all parts › failing at each point in turn › is applied wholly or not at all [ATOM-5, ATOM-1, FAULT-3]',
    (stage) => atEachPoint(stage, (nth) => mixed(stage, nth), false),
    NEEDS.wholeBatches,
  ),
  fact(
    'exchange of all parts › failing at each point in turn › leaves no half item [ATOM-5, ATOM-1, FAULT-3]',
    (stage) => atEachPoint(stage, (nth) => mixed(stage, nth), true),
  ),
  fact('a write that failed › is not carried out later by itself [IDEM-3, FAULT-1]', async ({ a, b, failpoints }) => {
    const job = await insertOne(a)
    const bump = {
      id: job.id,
      guard: { states: ['queued'] },
      set: { priority: 7 },
      event: draft('reprioritised'),
    } as const
    failpoints.arm(1)
    const error: unknown = await changeOne(a, bump).catch((reason: unknown) => reason)
    failpoints.disarm()
    if (failpoints.thrownAt === null) throw new NotExercised('the store calls no failpoint in this write')
    const { version } = await read(b, job.id)
    if (isStintError(error, 'STORE_UNAVAILABLE')) assert.equal(version, 1)
    await must(a, bump)
    await must(a, bump)
    assert.equal((await read(b, job.id)).version, version + 2)
    assert.equal((await eventsOf(b, job.id)).length, version + 2)
  }),
  fact(
    'an error › of a store › has a code of the table, a message and the cause [FAULT-1]',
    async ({ a, failpoints }) => {
      failpoints.arm(1)
      const error: unknown = await a.exchange({ inserts: [newJob()] }).catch((reason: unknown) => reason)
      failpoints.disarm()
      if (failpoints.thrownAt === null) throw new NotExercised('the store calls no failpoint in this write')
      assert.ok(isStintError(error))
      assert.ok(error.message.length > 20)
      assert.match(String((error.cause as Error).message), /failpoint/)
    },
  ),
]

/** Long enough to be no accident, short enough to wait for. */
const DEADLINE_MS = 300

const deadlines: readonly StoreCase[] = [
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
      const error: unknown = await call.then(
        () => null,
        (reason: unknown) => reason,
      )
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
      const from = seamOf(null).monotonic()
      const error: unknown = await store.exchange({ inserts: [job] }).catch((reason: unknown) => reason)
      const tookMs = seamOf(null).monotonic() - from
      await free?.()
      assert.ok(
        CODES.some((code) => isStintError(error, code)),
        `expected ${CODES.join(' or ')}, got ${String(error)}`,
      )
      assert.ok(tookMs < DEADLINE_MS + 2000, `the call took ${tookMs} ms`)
      if (isStintError(error, 'STORE_UNAVAILABLE')) assert.deepEqual(await stage.b.get([job.id]), [null])
      await store.exchange({ inserts: [job] })
      assert.equal((await eventsOf(stage.b, job.id)).length, 1)
    },
    NEEDS.block,
  ),
  fact('after failures at many points › claims, settles and reads go on as ever [FAULT-3, FAULT-4]', async (stage) => {
    const { a, b, failpoints } = stage
    const jobs = await insertAll(a, newJobs(10))
    let thrown = 0
    for (let nth = 1; nth <= 6; nth++) {
      failpoints.arm(nth)
      await a.exchange({ changes: [cancel(at(jobs, nth))], claims: [claim()] }).catch(() => {})
      failpoints.disarm()
      if (failpoints.thrownAt) thrown++
    }
    if (thrown === 0) throw new NotExercised('the store calls no failpoint in this write')
    await sweep(a)
    const queued: JobRecord[] = [...(await take(b, { max: 10 }))]
    for (const job of queued) await must(a, succeed(job))
    assert.equal((await b.list({ walk: 'claim', queue: 'default', limit: 5 })).jobs.length, 0)
  }),
]

export const faults: readonly StoreCase[] = [...single, ...batches, ...deadlines]
