/** Each kind of write fails between its steps, at each point in turn. */
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { isStintError } from '../../errors.js'
import type { JobRecord } from '../../record.js'
import type { Change, Store } from '../../store.js'
import { fact, NotExercised, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import { cancel, succeed } from '../stage/commands.js'
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
  read,
  seenOf,
  take,
  tokenOf,
} from '../stage/fixtures.js'
import { checkInvariants } from '../stage/invariants.js'
import { jobIn } from '../stage/job-in.js'
import type { Stage } from '../stage/stage.js'
import { KINDS_OF_WRITE } from './kinds-of-write.js'
import { errorOf, laterCalls, mustBeCoded, sweep } from './outcome.js'

interface Trial {
  readonly send: (store: Store, isRepeat: boolean) => Promise<unknown>
  /** How much of it is there: none, all, or a part. */
  readonly done: (store: Store) => Promise<'none' | 'all' | 'part'>
}

/** A write of few items passes no more than that; one that goes on and on is a mistake of the store. */
const MOST_POINTS = 500

/** Prepares the trial anew for each point that its write passes, lets it throw there, and judges what is left; until a write passes none. */
async function atEachPoint(stage: Stage, prepare: (nth: number) => Promise<Trial>, mayBePart: boolean): Promise<void> {
  const { a, b, failpoints } = stage
  for (let nth = 1; nth <= MOST_POINTS; nth++) {
    const trial = await prepare(nth)
    assert.equal(await trial.done(b), 'none')
    const before = await seenOf(b)
    failpoints.arm(nth)
    const error = await errorOf(trial.send(a, false))
    failpoints.disarm()
    const { thrownAt } = failpoints
    if (thrownAt === null) {
      assert.equal(error, null, `no failpoint threw, and the write was rejected: ${String(error)}`)
      assert.equal(await trial.done(b), 'all')
      if (nth === 1) throw new NotExercised('the store calls no failpoint in this write')
      return
    }
    await judge(stage, trial, { before, error, mayBePart, where: `thrown at point ${nth}, '${thrownAt}'` })
  }
  throw new Error(`a write of few items passes more than ${MOST_POINTS} failpoints`)
}

interface Thrown {
  readonly before: unknown
  readonly error: unknown
  readonly mayBePart: boolean
  readonly where: string
}

async function judge({ a, b }: Stage, trial: Trial, { before, error, mayBePart, where }: Thrown): Promise<void> {
  await sweep(a)
  await checkInvariants(b)
  const left = await trial.done(b)
  if (error === null) {
    assert.equal(left, 'all', `${where}: acknowledged`)
    return
  }
  mustBeCoded(error, where)
  if (isStintError(error, 'STORE_UNAVAILABLE'))
    assert.deepEqual(await seenOf(b), before, `${where}: surely nothing happened`)
  if (!mayBePart) assert.notEqual(left, 'part', `${where}: all of it or nothing`)
  if (left === 'none') assert.deepEqual(await seenOf(b), before, `${where}: nothing of it, not even a trace`)
  await laterCalls([a, b])
  assert.equal(await trial.done(b), left, `${where}: it was rejected, and something of it came later`)
  await trial.send(a, true) // the store is as able as before, and the caller may repeat
  assert.equal(await trial.done(b), 'all', `${where}: repeated`)
}

const single: readonly StoreCase[] = KINDS_OF_WRITE.map((kind) =>
  fact(
    `${kind.name} › failing at each point in turn › is whole or absent, coded, does not come later, and repeats well [ATOM-1, FAULT-1, FAULT-3, FAULT-4, FAULT-5]`,
    (stage) =>
      atEachPoint(
        stage,
        async () => {
          const sent = await kind.prepare(stage)
          return {
            send: sent.send,
            done: async (store) => ((await sent.isThere(store)) ? 'all' : 'none'),
          }
        },
        false,
      ),
    ...kind.needs,
  ),
)

/** A batch of four parts; what is there of it afterwards is counted item by item. */
async function mixed({ a }: Stage, nth: number): Promise<Trial> {
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
  const done = async (store: Store): Promise<'none' | 'all' | 'part'> => {
    const now = await store.get([...inserts.map(({ id }) => id), running.id, cancelled.id, beaten.id, taken.id])
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
  return { send: (store) => store.exchange(batch), done }
}

/** Items of one call that are no exchange: whole, or item by item. */
async function removals({ a }: Stage): Promise<Trial> {
  const dead = [(await jobIn(a, 'dead')).job, (await jobIn(a, 'dead')).job]
  const gone = async (store: Store): Promise<number> =>
    (await store.get(dead.map(({ id }) => id))).filter((job) => job === null).length
  return {
    send: (store) => store.remove(dead.map(({ id, version }) => ({ id, version }))),
    done: async (store) => (['none', 'part', 'all'] as const)[await gone(store)] ?? 'part',
  }
}

const batches: readonly StoreCase[] = [
  fact(
    'exchange of all parts › failing at each point in turn › is applied wholly or not at all [ATOM-5, ATOM-1, FAULT-3, FAULT-5]',
    (stage) => atEachPoint(stage, (nth) => mixed(stage, nth), false),
    NEEDS.wholeBatches,
  ),
  fact(
    'exchange of all parts › failing at each point in turn › leaves no half item [ATOM-5, ATOM-1, FAULT-3]',
    (stage) => atEachPoint(stage, (nth) => mixed(stage, nth), true),
  ),
  fact(
    'remove of two jobs › failing at each point in turn › leaves each whole or gone [ATOM-1, REMOVE-2, FAULT-3]',
    (stage) => atEachPoint(stage, () => removals(stage), true),
  ),
]

const notExercised = (): NotExercised => new NotExercised('the store calls no failpoint in this write')

/** By its state alone, so that carrying it out twice would show. */
const bumpOf = ({ id }: JobRecord): Change => ({
  id,
  guard: { states: ['queued'] },
  set: { priority: 7 },
  event: draft('reprioritised'),
})

const afterwards: readonly StoreCase[] = [
  fact(
    'a write that failed › is not carried out later by itself [IDEM-3, FAULT-1, FAULT-5]',
    async ({ a, b, failpoints }) => {
      const job = await insertOne(a)
      const bump = bumpOf(job)
      failpoints.arm(1)
      const error = await errorOf(changeOne(a, bump))
      failpoints.disarm()
      if (failpoints.thrownAt === null) throw notExercised()
      const { version } = await read(b, job.id)
      if (isStintError(error, 'STORE_UNAVAILABLE')) assert.equal(version, 1)
      await must(a, bump)
      await must(a, bump)
      await laterCalls([a, b])
      assert.equal((await read(b, job.id)).version, version + 2)
      assert.equal((await eventsOf(b, job.id)).length, version + 2)
    },
  ),
  fact(
    'one call › failing at each point in turn › is carried out at most once [IDEM-3]',
    async ({ a, b, failpoints }) => {
      const job = await insertOne(a)
      const bump = bumpOf(job)
      for (let nth = 1; nth <= MOST_POINTS; nth++) {
        const { version } = await read(b, job.id)
        failpoints.arm(nth)
        await errorOf(changeOne(a, bump))
        failpoints.disarm()
        if (failpoints.thrownAt === null && nth === 1) throw notExercised()
        if (failpoints.thrownAt === null) return
        const { version: after } = await read(b, job.id)
        assert.ok(after <= version + 1, `thrown at point ${nth}: one call, ${after - version} events`)
      }
    },
  ),
  fact('an error › of a call under a token › does not tell the token [FENCE-5]', async ({ a, failpoints }) => {
    const { job, token } = await jobIn(a, 'running')
    const { id } = await insertOne(a)
    const calls = [
      () => changeOne(a, succeed(job)),
      () => a.exchange({ beats: [{ id: job.id, token, progress: '1' }] }),
      () => a.exchange({ claims: [claim({ token, from: [{ ids: [id] }] })] }),
    ]
    for (const call of calls) {
      failpoints.arm(1)
      const error = await errorOf(call())
      failpoints.disarm()
      if (failpoints.thrownAt === null) throw notExercised()
      assert.ok(!inspect(error, { depth: 8 }).includes(token))
    }
  }),
  fact(
    'an error › of a store › has a code of the table, a message and the cause [FAULT-1]',
    async ({ a, failpoints }) => {
      failpoints.arm(1)
      const error = await errorOf(a.exchange({ inserts: [newJob()] }))
      failpoints.disarm()
      if (failpoints.thrownAt === null) throw notExercised()
      assert.ok(isStintError(error))
      assert.ok(error.message.length > 20)
      assert.match(String((error.cause as Error).message), /failpoint/)
    },
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
    if (thrown === 0) throw notExercised()
    await sweep(a)
    const queued: JobRecord[] = [...(await take(b, { max: 10 }))]
    for (const job of queued) await must(a, succeed(job))
    assert.equal((await b.list({ walk: 'claim', queue: 'default', limit: 5 })).jobs.length, 0)
  }),
]

export const failpointsInTurn: readonly StoreCase[] = [...single, ...batches, ...afterwards]
