/** Every command in every state, generated from the table of transitions: what it lets through, and that nothing else gets through. */
import assert from 'node:assert/strict'
import { apply, eventOf } from '../../kit.js'
import type { JobRecord, State } from '../../record.js'
import type { Change, Store } from '../../store.js'
import { type Command, isLegal, isTerminal, STATES, TRANSITIONS } from '../../transitions.js'
import { fact, type StoreCase } from '../case.js'
import * as commands from '../stage/commands.js'
import { at, changeOne, eventsOf, must, only, read, seenOf, take } from '../stage/fixtures.js'
import { jobIn, trackedRunning } from '../stage/job-in.js'
import type { Stage } from '../stage/stage.js'

interface Way {
  readonly command: Command
  readonly to: State | 'same'
  readonly change: (job: JobRecord, token: string) => Change
}

const way = (command: Command, to: State | 'same', change: Way['change']): Way => ({ command, to, change })

const WAYS: readonly Way[] = [
  way('start', 'running', commands.start),
  way('heartbeat', 'same', commands.heartbeatTold),
  way('progress', 'same', commands.progressTold),
  way('succeed', 'succeeded', commands.succeed),
  way('fail', 'queued', (job, token) => commands.failTo('queued', job, token)),
  way('fail', 'failed', (job, token) => commands.failTo('failed', job, token)),
  way('fail', 'dead', (job, token) => commands.failTo('dead', job, token)),
  way('snooze', 'queued', commands.snooze),
  way('release', 'queued', commands.release),
  way('expire', 'queued', (job, token) => commands.expireTo('queued', job, token)),
  way('expire', 'dead', (job, token) => commands.expireTo('dead', job, token)),
  way('cancel', 'cancelled', commands.cancel),
  way('retry', 'queued', commands.retry),
  way('reschedule', 'queued', (job) => commands.reschedule(job)),
  way('reprioritise', 'queued', (job) => commands.reprioritise(job)),
  way('edit', 'queued', commands.edit),
  way('trackStart', 'running', commands.trackStart),
  way('trackProgress', 'same', commands.trackProgress),
  way('trackSucceed', 'succeeded', commands.trackSucceed),
  way('trackFail', 'failed', commands.trackFail),
]

const isTracking = ({ command }: Way): boolean => TRANSITIONS[command].by === 'tracker'

const played = async (store: Store, state: State, one: Way): Promise<{ job: JobRecord; token: string }> =>
  isTracking(one) && state === 'running'
    ? { job: await trackedRunning(store), token: 'token-of-nobody' }
    : jobIn(store, state)

function caseOf(one: Way, state: State): StoreCase {
  const { command, to } = one
  const name = command + (TRANSITIONS[command].to.length > 1 ? ` to ${to}` : '')
  if (!isLegal(command, state)) {
    return fact(
      `${name} › of a job that is ${state} › is refused and changes nothing [GUARD-1, GUARD-2, ATOM-2]`,
      (stage) => isRefused(stage, one, state),
    )
  }
  const leads = to === 'same' ? 'leaves it so' : `leads to ${to}`
  const ends =
    state !== to && (state === 'leased' || state === 'running') && to !== 'same' && to !== 'running' ? ', FENCE-3' : ''
  return fact(
    `${name} › of a job that is ${state} › ${leads}, with one event [GUARD-1, ATOM-3, ATOM-4${ends}]`,
    (stage) => isApplied(stage, one, state),
  )
}

async function isApplied({ a, b, clock }: Stage, one: Way, state: State): Promise<void> {
  const { job, token } = await played(a, state, one)
  clock.move(31_000) // past the end of its lease: time refuses no honest work, and expire wants it
  const change = one.change(job, token)
  const became = await must(a, change)
  const expected = apply(change, job, clock.now())
  assert.deepEqual(became, expected.job)
  assert.deepEqual(await read(b, job.id), expected.job)
  assert.equal(became.state, one.to === 'same' ? state : one.to)
  assert.equal(became.version, job.version + 1)
  const event = at(await eventsOf(b, job.id), job.version)
  assert.deepEqual(event, expected.event)
  assert.equal(event.type, TRANSITIONS[one.command].event)
  if (isTerminal(became.state) || became.state === 'queued') assert.equal(became.lease, null)
}

async function isRefused({ a, b, clock }: Stage, one: Way, state: State): Promise<void> {
  const { job, token } = await jobIn(a, state)
  clock.move(31_000)
  const before = await seenOf(b)
  assert.deepEqual(await changeOne(a, one.change(job, token)), { ok: false, why: 'guard', job })
  assert.deepEqual(await seenOf(b), before)
}

const claimIn = (state: State): StoreCase =>
  isLegal('claim', state)
    ? fact(`claim › of a job that is ${state} › takes it [CLAIM-1, ATOM-3]`, async ({ a, b }) => {
        const { job } = await jobIn(a, state)
        const taken = only(await take(a, { from: [{ ids: [job.id] }] }))
        assert.equal(taken.state, 'running')
        assert.deepEqual(await read(b, job.id), taken)
        assert.deepEqual(
          at(await eventsOf(b, job.id), 1),
          eventOf(taken, job, { type: 'leased', actor: null, detail: null }),
        )
      })
    : fact(
        `claim › of a job that is ${state} › takes nothing, by its queue or its id [CLAIM-1, ATOM-2]`,
        async ({ a, b, clock }) => {
          const { job } = await jobIn(a, state)
          clock.move(31_000)
          const before = await seenOf(b)
          assert.deepEqual(await take(a, { max: 9, from: [{ queue: job.queue, limit: 9 }, { ids: [job.id] }] }), [])
          assert.deepEqual(await seenOf(b), before)
        },
      )

const insertIn = (state: State): StoreCase =>
  fact(
    `insert › of the id of a job that is ${state} › changes nothing and answers with that job [IDEM-1, ATOM-2]`,
    async ({ a, b, clock }) => {
      const { job } = await jobIn(a, state, { key: 'k', payload: '"first"' })
      clock.move(1000)
      const before = await seenOf(b)
      const again = {
        ...job,
        payload: '"second"',
        priority: 99,
        run: { inMs: 0 },
        event: { type: 'enqueued', actor: 'b', detail: null },
      }
      const { id, queue, type, payload, priority, run, maxAttempts, key, keyUntil, group, tags, ext, event } = again
      for (const queueNow of [queue, 'another']) {
        const sent = {
          id,
          queue: queueNow,
          type,
          payload,
          priority,
          run,
          maxAttempts,
          key,
          keyUntil,
          group,
          tags,
          ext,
          event,
        }
        const { isNew, job: there } = only((await a.exchange({ inserts: [{ ...sent, state: 'queued' }] })).inserts)
        assert.equal(isNew, false)
        assert.deepEqual(there, job)
      }
      assert.deepEqual(await seenOf(b), before)
    },
  )

export const changesPerState: readonly StoreCase[] = WAYS.flatMap((one) => STATES.map((state) => caseOf(one, state)))
export const claimsPerState: readonly StoreCase[] = STATES.map(claimIn)
export const insertsPerState: readonly StoreCase[] = STATES.map(insertIn)
