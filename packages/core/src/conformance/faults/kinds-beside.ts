/** The writes that are no changes: inserts, claims, beats, removals, settings, what is restored. */
import { admit } from '../../kit.js'
import type { JobRecord } from '../../record.js'
import type { Claim, NewJob, SettingWrite, Store } from '../../store.js'
import { isTerminal } from '../../transitions.js'
import { NEEDS } from '../needs.js'
import { claim, eventsOf, insertOne, newJob, only } from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'
import type { Stage } from '../stage/stage.js'
import type { KindOfWrite, Sent } from './kind-of-write.js'

const there = async (store: Store, id: string): Promise<JobRecord | null> => only(await store.get([id]))
let made = 0
const fresh = (what: string): string => `${what}-${++made}`

// ---- inserts and claims ---------------------------------------------------------------------------------------------

function insertOf(job: NewJob): Sent {
  const { id, key, queue } = job
  // What others insert under the id has another payload.
  const isMine = (record: JobRecord | null): boolean => record?.id === id && record.payload === job.payload
  const holder = async (store: Store): Promise<JobRecord | null> =>
    key === null ? null : only(await store.get([{ queue, key }]))
  return {
    jobId: id,
    key,
    async send(store) {
      const { isNew, job: record } = only((await store.exchange({ inserts: [job] })).inserts)
      return isNew || isMine(record)
    },
    isThere: async (store) => isMine(await there(store, id)),
    wouldApply: async (store) => (await there(store, id)) === null && (await holder(store)) === null,
    ownEvents: async (store) =>
      isMine(await there(store, id)) ? (await eventsOf(store, id)).filter(({ seq }) => seq === 1).length : 0,
  }
}

function claimOf(sent: Claim, job: JobRecord): Sent {
  const isHeld = (record: JobRecord | null): boolean => record?.lease?.token === sent.token
  return {
    jobId: job.id,
    key: null,
    async send(store, again) {
      const { jobs } = only((await store.exchange({ claims: [again ? { ...sent, again } : sent] })).claims)
      return jobs.some(isHeld)
    },
    isThere: async (store) => isHeld(await there(store, job.id)),
    async wouldApply(store, now) {
      const record = await there(store, job.id)
      const isPaused = (await store.settings('paused')).some(({ name }) => name === job.queue)
      return record?.state === 'queued' && record.runAt <= now && !isPaused
    },
    ownEvents: async (store) =>
      (await eventsOf(store, job.id)).filter(({ type, workerId }) => type === 'leased' && workerId === sent.workerId)
        .length,
  }
}

async function claimed({ a }: Stage, by: 'lane' | 'id'): Promise<Sent> {
  const job = await insertOne(a, { queue: fresh('lane') })
  const from = by === 'lane' ? { queue: job.queue, limit: 1 } : { ids: [job.id] }
  return claimOf(claim({ workerId: fresh('worker'), from: [from] }), job)
}

// ---- writes that leave no event -------------------------------------------------------------------------------------

async function beat(stage: Stage, fields: { leaseMs: number } | { progress: string }): Promise<Sent> {
  const { job, token } = await jobIn(stage.a, 'running')
  const until = job.lease?.until ?? 0
  const shows = (record: JobRecord): boolean =>
    'progress' in fields ? record.progress === fields.progress : (record.lease?.until ?? 0) > until
  return {
    jobId: job.id,
    key: null,
    send: async (store) => only((await store.exchange({ beats: [{ id: job.id, token, ...fields }] })).beats).ok,
    async isThere(store) {
      const record = await there(store, job.id)
      return record?.lease?.token === token && shows(record)
    },
    wouldApply: async (store) => (await there(store, job.id))?.lease?.token === token,
    ownEvents: async () => 0,
  }
}

async function removal({ a }: Stage): Promise<Sent> {
  const { job } = await jobIn(a, 'dead')
  const { id, version } = job
  return {
    jobId: id,
    key: null,
    send: async (store) => only(await store.remove([{ id, version }])) || (await there(store, id)) === null,
    isThere: async (store) => (await there(store, id)) === null,
    async wouldApply(store) {
      const record = await there(store, id)
      return record !== null && isTerminal(record.state) && record.version === version
    },
    ownEvents: async () => 0,
  }
}

async function setting({ a }: Stage, value: string | null): Promise<Sent> {
  const name = fresh('setting')
  const before = value === null ? 1 : 0
  if (value === null) await a.configure([{ kind: 'schedule', name, value: '"old"' }])
  const write: SettingWrite = { kind: 'schedule', name, value, ifVersion: before }
  const now = async (store: Store) => (await store.settings('schedule')).find((one) => one.name === name) ?? null
  return {
    jobId: null,
    key: name,
    async send(store) {
      const result = only(await store.configure([write]))
      return result.ok || (result.current?.value ?? null) === value
    },
    async isThere(store) {
      const there = await now(store)
      return (there?.value ?? null) === value && (there?.version ?? 0) === (value === null ? 0 : before + 1)
    },
    wouldApply: async (store) => ((await now(store))?.version ?? 0) === before,
    ownEvents: async () => 0,
  }
}

async function restored({ clock }: Stage): Promise<Sent> {
  const { job, event } = admit(newJob({ payload: `"${fresh('restored')}"` }), clock.now())
  const isMine = (record: JobRecord | null): boolean => record?.payload === job.payload
  return {
    jobId: job.id,
    key: null,
    async send(store) {
      const isNew = only((await store.restore?.([{ job, events: [event] }])) ?? [])
      return isNew || isMine(await there(store, job.id))
    },
    isThere: async (store) => isMine(await there(store, job.id)),
    wouldApply: async (store) => (await there(store, job.id)) === null,
    ownEvents: async (store) =>
      isMine(await there(store, job.id)) ? (await store.events(job.id, { limit: 1 })).length : 0,
  }
}

const kind = (
  name: string,
  ways: Pick<KindOfWrite, 'before' | 'after' | 'hasEvent' | 'lasts'>,
  prepare: KindOfWrite['prepare'],
  needs: KindOfWrite['needs'] = [],
): KindOfWrite => ({ name, ...ways, needs, prepare })

const ENTERS = { before: 'no job', after: 'queued', hasEvent: true, lasts: true } as const
const TAKES = { before: 'queued', after: 'running', hasEvent: true, lasts: false } as const
const BEATS = { before: 'running', after: 'running', hasEvent: false, lasts: false } as const
const SETS = { before: 'no job', after: 'no job', hasEvent: false, lasts: false } as const
const REMOVES = { before: 'dead', after: 'no job', hasEvent: false, lasts: false } as const

const mine = (): string => `"${fresh('payload')}"`

export const INSERTS: readonly KindOfWrite[] = [
  kind('insert', ENTERS, async () => insertOf(newJob({ payload: mine() }))),
  kind('insert under a key', ENTERS, async () => insertOf(newJob({ payload: mine(), key: fresh('key') }))),
]
export const CLAIMS: readonly KindOfWrite[] = [
  kind('claim of a lane', TAKES, (stage) => claimed(stage, 'lane')),
  kind('claim of given ids', TAKES, (stage) => claimed(stage, 'id')),
]
export const BEATS_SENT: readonly KindOfWrite[] = [
  kind('heartbeat', BEATS, (stage) => beat(stage, { leaseMs: 90_000 })),
  kind('progress', BEATS, (stage) => beat(stage, { progress: '0.5' })),
]
export const ADMINISTRATION: readonly KindOfWrite[] = [
  kind('remove', REMOVES, removal),
  kind('configure', SETS, (stage) => setting(stage, '"new"')),
  kind('removal of a setting', SETS, (stage) => setting(stage, null)),
  kind('restore', ENTERS, restored, [NEEDS.restore]),
]
