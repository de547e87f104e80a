/** Answers that only read, held against the model. Those about many jobs are asked for while nobody writes. */

import type { EventRecord, Ms } from '../../record.js'
import { copyHead } from '../../record-copy.js'
import type { Answer, Call } from './call.js'
import { type Mismatch, mismatch, recordMismatch, same } from './mismatch.js'
import { byQueueAndState, type Kept, type ModelStore } from './model-store.js'

/** `delivered`: how many events of each life of a job the run has had from the feed. */
export function followReading(
  call: Call,
  answer: Answer,
  model: ModelStore,
  now: Ms,
  delivered: ReadonlyMap<string, number>,
): Mismatch | null {
  if (call.method === 'get' && answer.method === 'get') {
    const { ref } = call
    const expected = model.get(ref)
    const of = typeof ref === 'string' ? ref : `the holder of ${ref.key} in ${ref.queue}`
    const found = recordMismatch(
      `what get answers for ${of}`,
      expected,
      answer.job,
      expected?.id ?? answer.job?.id ?? '',
    )
    return found && typeof ref !== 'string' && expected?.id !== answer.job?.id ? { ...found, clause: 'UNIQ-5' } : found
  }
  if (call.method === 'get all' && answer.method === 'get all') {
    for (const [n, id] of call.ids.entries()) {
      const found = recordMismatch(`${id} as it is read afterwards`, model.get(id), answer.jobs[n] ?? null, id)
      if (found) return found
    }
    return null
  }
  if (answer.method === 'stats') {
    const counts = answer.counts.filter(({ count }) => count !== 0).sort(byQueueAndState)
    return differ('COUNT-1', 'the counts', model.stats(), counts)
  }
  if (answer.method === 'settings')
    return differ('SET-1', 'the settings of kind paused', model.settings('paused'), answer.settings)
  if (call.method === 'events' && answer.method === 'events') {
    for (const [n, id] of call.ids.entries()) {
      if (same(model.events(id), answer.trails[n])) continue
      return mismatch('ATOM-3', `the events of ${id}`, told(model.events(id)), told(answer.trails[n] ?? []), id)
    }
    return null
  }
  if (answer.method === 'feed') return followFeed(answer.events, model, delivered)
  if (call.method === 'list' && answer.method === 'list') {
    const expected = model.list(call.query, now).map((job) => (call.query.bodies ? job : copyHead(job)))
    return differ('LIST-1', `the walk ${call.query.walk}`, expected, answer.jobs)
  }
  return mismatch('READ-1', `the answer of ${call.method}`, 'an answer', answer, null)
}

export const lifeOf = ({ job, life }: Kept): string => `${job.id}/${life}`

/** Each event once, and those of one job by seq; between jobs there is no order. */
function followFeed(
  events: readonly EventRecord[],
  model: ModelStore,
  delivered: ReadonlyMap<string, number>,
): Mismatch | null {
  const got = Map.groupBy(events, ({ jobId }) => jobId)
  for (const kept of model.trails()) {
    const expected = kept.events.slice(delivered.get(lifeOf(kept)) ?? 0)
    const own = got.get(kept.job.id) ?? []
    got.delete(kept.job.id)
    if (!same(expected, own))
      return mismatch('FEED-1', `the feed on ${kept.job.id}`, told(expected), told(own), kept.job.id)
  }
  const [stranger] = got.keys()
  return stranger === undefined
    ? null
    : mismatch('REMOVE-2', `the feed on ${stranger}, which is not there`, [], told(got.get(stranger) ?? []), stranger)
}

const told = (events: readonly EventRecord[]): readonly unknown[] =>
  events.map(({ jobId: _, queue: __, ...event }) => event)

function differ(clause: string, what: string, expected: unknown, got: unknown): Mismatch | null {
  return same(expected, got) ? null : mismatch(clause, what, expected, got, null)
}
