/** What the runs really did: a property that never met what it is about has shown nothing. */
import { holds } from '../../kit.js'
import type { ChangeResult, Guard } from '../../store.js'
import { type Answer, type Call, type Made, overlap, shownIn, writtenBy } from './call.js'
import { CHANGE_MOVES } from './command.js'
import type { ModelStore } from './model-store.js'
import type { Step } from './step.js'

const APPLIED = CHANGE_MOVES.map((move) => `‘${move}’ applied` as const)
const WRITES = [
  'a claim that took several jobs',
  'a claim repeated with `again` that was answered with what it holds',
  'a stale token refused',
  'a stale version refused',
  'an insert of an id that exists',
  'an insert of a key that is held',
  'a retry refused for its key',
  'a change or beat under a lease that is over',
  'a write after the clock stepped back',
  'a removal done',
  'a removal refused',
  'a claim of a paused lane',
  'a batch that was partly refused',
] as const
const MEETINGS = [
  'calls that overlap',
  'calls that overlap and write the same job',
  'a write refused because another call of its wave came first',
  'a legal order that is not the order in which the calls began',
] as const

export type Kind = (typeof APPLIED)[number] | (typeof WRITES)[number] | (typeof MEETINGS)[number]

/** What each property has to meet. */
export const ONE_AFTER_ANOTHER: readonly Kind[] = [...APPLIED, ...WRITES]
export const AT_ONCE: readonly Kind[] = [
  ...MEETINGS,
  'a claim that took several jobs',
  'a stale token refused',
  'a stale version refused',
  'an insert of an id that exists',
  'a removal done',
]

export class Tally {
  readonly #counts = new Map<Kind, number>()

  count(kind: Kind, isSo: boolean | undefined = true): void {
    if (isSo) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
  }

  of = (kind: Kind): number => this.#counts.get(kind) ?? 0

  missing(needed: readonly Kind[]): Kind[] {
    return needed.filter((kind) => this.of(kind) === 0)
  }

  /** A wave whose answers have a legal order; `before`: the model when it began. */
  wave(calls: readonly Made[], order: readonly Step[], before: ModelStore, now: number): void {
    for (const made of calls) this.#call(made, before, now)
    const writes = order.filter(({ isReading }) => !isReading).map(({ made }) => made.number)
    this.count(
      'a legal order that is not the order in which the calls began',
      writes.some((n, i) => n < (writes[i - 1] ?? 0)),
    )
    for (const [n, one] of calls.entries()) {
      for (const other of calls.slice(n + 1)) {
        if (!overlap(one, other)) continue
        this.count('calls that overlap')
        const shared = writtenBy(one).some((id) => writtenBy(other).includes(id))
        this.count('calls that overlap and write the same job', shared)
      }
    }
    this.count(
      'a write refused because another call of its wave came first',
      calls.some((made) => wasBeaten(made, before, now)),
    )
  }

  #call({ call, answer }: Made, before: ModelStore, now: number): void {
    if (call.method === 'remove' && answer.method === 'remove') {
      this.count('a removal done', answer.removed.includes(true))
      this.count('a removal refused', answer.removed.includes(false))
    }
    if (call.method !== 'exchange' || answer.method !== 'exchange') return
    const { inserts, changes, beats, claims } = answer.result
    const { batch, moves } = call
    for (const [n, { isNew, job }] of inserts.entries()) {
      this.count('an insert of an id that exists', !isNew && job.id === batch.inserts[n]?.id)
      this.count('an insert of a key that is held', !isNew && job.id !== batch.inserts[n]?.id)
    }
    for (const [n, move] of moves.entries()) {
      const told = changes[n]
      this.count(`‘${move}’ applied`, told?.ok)
      this.count('a retry refused for its key', told?.ok === false && told.why === 'key')
    }
    for (const { id, guard, told } of guarded(call, answer)) {
      const isRefused = !told.ok && told.why === 'guard'
      this.count('a stale token refused', isRefused && guard.token !== undefined)
      this.count('a stale version refused', isRefused && guard.version !== undefined)
      const isOver = (before.get(id)?.lease?.until ?? Number.POSITIVE_INFINITY) <= now
      this.count('a change or beat under a lease that is over', told.ok && guard.token !== undefined && isOver)
    }
    const fates = new Set([...changes, ...beats].map(({ ok }) => ok))
    this.count('a batch that was partly refused', fates.size > 1)
    this.count(
      'a write after the clock stepped back',
      shownIn(answer).some(({ updatedAt }) => updatedAt > now),
    )
    const paused = before.settings('paused').map(({ name }) => name)
    for (const [n, { jobs }] of claims.entries()) {
      const claim = batch.claims[n]
      this.count('a claim that took several jobs', jobs.length > 1)
      this.count(
        'a claim of a paused lane',
        claim?.from.some((from) => 'queue' in from && paused.includes(from.queue)),
      )
      const wasHeld = jobs.some(({ id }) => before.get(id)?.lease?.token === claim?.token)
      this.count('a claim repeated with `again` that was answered with what it holds', claim?.again === true && wasHeld)
    }
  }
}

interface Guarded {
  readonly id: string
  readonly guard: Guard
  readonly told: ChangeResult
}

function guarded(call: Call, answer: Answer): Guarded[] {
  if (call.method !== 'exchange' || answer.method !== 'exchange') return []
  const { changes, beats } = call.batch
  const { result } = answer
  return [
    ...changes.map(({ id, guard }, n) => ({ id, guard, told: result.changes[n] })),
    ...beats.map(({ id, token }, n) => ({ id, guard: { token }, told: result.beats[n] })),
  ].filter((one): one is Guarded => one.told !== undefined)
}

/** Refused, though its guard held when the wave began. */
const wasBeaten = ({ call, answer }: Made, before: ModelStore, now: number): boolean =>
  guarded(call, answer).some(({ id, guard, told }) => {
    const job = before.get(id)
    return !told.ok && job !== null && holds(guard, job, now)
  })
