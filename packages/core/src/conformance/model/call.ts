/** A command as it is sent, with every reference looked up, and what a store answered. */
import type { EventRecord, JobRecord } from '../../record.js'
import type {
  Batch,
  BatchResult,
  Count,
  JobRef,
  ListQuery,
  Removal,
  Setting,
  SettingResult,
  SettingWrite,
  Store,
} from '../../store.js'
import { eventsOf, feedFrom, listAll } from '../stage/fixtures.js'
import type { ChangeMove, Look } from './command.js'

export type Call =
  /** `moves`: of each change, the command of the table that it is. */
  | { readonly method: 'exchange'; readonly batch: Required<Batch>; readonly moves: readonly ChangeMove[] }
  | { readonly method: 'remove'; readonly jobs: readonly Removal[] }
  | { readonly method: 'configure'; readonly write: SettingWrite }
  | { readonly method: 'get'; readonly ref: JobRef }
  /** All jobs of the run: what the wave left. */
  | { readonly method: 'get all'; readonly ids: readonly string[] }
  | { readonly method: 'stats' }
  | { readonly method: 'settings' }
  | { readonly method: 'events'; readonly ids: readonly string[] }
  /** From where the run last stopped, until it has caught up. */
  | { readonly method: 'feed'; readonly after: string }
  | { readonly method: 'list'; readonly query: ListQuery }

export type Answer =
  | { readonly method: 'exchange'; readonly result: BatchResult }
  | { readonly method: 'remove'; readonly removed: readonly boolean[] }
  | { readonly method: 'configure'; readonly result: SettingResult | undefined }
  | { readonly method: 'get'; readonly job: JobRecord | null }
  | { readonly method: 'get all'; readonly jobs: readonly (JobRecord | null)[] }
  | { readonly method: 'stats'; readonly counts: readonly Count[] }
  | { readonly method: 'settings'; readonly settings: readonly Setting[] }
  | { readonly method: 'events'; readonly trails: readonly (readonly EventRecord[])[] }
  | { readonly method: 'feed'; readonly events: readonly EventRecord[]; readonly cursor: string }
  | { readonly method: 'list'; readonly jobs: readonly JobRecord[] }
  | { readonly method: 'rejected'; readonly error: unknown }

/** A call that was made, with its two moments: one count for all calls of a run. */
export interface Made {
  readonly handle: string
  /** In the order of their beginning, from 1. */
  readonly number: number
  readonly call: Call
  readonly begun: number
  readonly ended: number
  readonly answer: Answer
}

/** Begun and ended within each other's time: neither was answered before the other began. */
export const overlap = (a: Made, b: Made): boolean => a.begun < b.ended && b.begun < a.ended

export async function send(store: Store, call: Call): Promise<Answer> {
  switch (call.method) {
    case 'exchange':
      return { method: 'exchange', result: await store.exchange(partsOf(call.batch)) }
    case 'remove':
      return { method: 'remove', removed: await store.remove(call.jobs) }
    case 'configure':
      return { method: 'configure', result: (await store.configure([call.write]))[0] }
    case 'get':
      return { method: 'get', job: (await store.get([call.ref]))[0] ?? null }
    case 'get all':
      return { method: 'get all', jobs: await store.get(call.ids) }
    case 'stats':
      return { method: 'stats', counts: await store.stats() }
    case 'settings':
      return { method: 'settings', settings: await store.settings('paused') }
    case 'events':
      return { method: 'events', trails: await Promise.all(call.ids.map((id) => eventsOf(store, id))) }
    case 'feed':
      return { method: 'feed', ...(await feedFrom(store, call.after, 7)) }
    case 'list':
      return { method: 'list', jobs: await listAll(store, call.query) }
  }
}

/** Parts that are empty are left out: core sends them so. */
function partsOf({ inserts, changes, beats, claims }: Required<Batch>): Batch {
  return {
    ...(inserts.length > 0 && { inserts }),
    ...(changes.length > 0 && { changes }),
    ...(beats.length > 0 && { beats }),
    ...(claims.length > 0 && { claims }),
  }
}

export function lookOf(look: Look, ids: readonly string[], queue: string, cursor: string): Call {
  switch (look) {
    case 'stats':
    case 'settings':
      return { method: look }
    case 'events':
      return { method: 'events', ids }
    case 'feed':
      return { method: 'feed', after: cursor }
    case 'walk id':
      return { method: 'list', query: { walk: 'id', direction: 'desc', limit: 2, bodies: true } }
    case 'walk by tag':
      return { method: 'list', query: { walk: 'id', direction: 'asc', tag: 'odd', types: ['mail', 'mai'], limit: 2 } }
    case 'walk claim':
      return { method: 'list', query: { walk: 'claim', queue, limit: 2 } }
    case 'walk lease':
      return { method: 'list', query: { walk: 'lease', limit: 2, overOnly: true } }
    case 'walk finished':
      return { method: 'list', query: { walk: 'finished', direction: 'asc', state: 'cancelled', limit: 2 } }
  }
}

/** The ids of the jobs that the call wrote, by its answer. */
export function writtenBy({ call, answer }: Made): string[] {
  if (call.method === 'remove' && answer.method === 'remove')
    return call.jobs.filter((_, n) => answer.removed[n]).map(({ id }) => id)
  if (call.method !== 'exchange' || answer.method !== 'exchange') return []
  const { inserts, changes, beats, claims } = answer.result
  return [
    ...inserts.flatMap(({ isNew, job }) => (isNew ? job.id : [])),
    ...call.batch.changes.filter((_, n) => changes[n]?.ok).map(({ id }) => id),
    ...call.batch.beats.filter((_, n) => beats[n]?.ok).map(({ id }) => id),
    ...claims.flatMap(({ jobs }) => jobs.map(({ id }) => id)),
  ]
}

/**
 * The ids of the jobs that the call had in hand: what it wrote, and what it named in a change, a beat or a removal that was refused. A store
 * judges a guard with the job in its hand, and to a claim beside it that is no different from a write.
 */
export function inHandOf(made: Made): string[] {
  const { call } = made
  if (call.method === 'remove') return call.jobs.map(({ id }) => id)
  if (call.method !== 'exchange') return []
  return [...writtenBy(made), ...[...call.batch.changes, ...call.batch.beats].map(({ id }) => id)]
}

/** Every record that the answer showed. */
export function shownIn(answer: Answer): readonly JobRecord[] {
  switch (answer.method) {
    case 'exchange': {
      const { inserts, changes, beats, claims } = answer.result
      return [
        ...inserts.map(({ job }) => job),
        ...[...changes, ...beats].flatMap(({ job }) => job ?? []),
        ...claims.flatMap(({ jobs }) => jobs),
      ]
    }
    case 'get':
      return answer.job ? [answer.job] : []
    case 'get all':
      return answer.jobs.flatMap((job) => job ?? [])
    default:
      return []
  }
}
