/**
 * Calls taken apart into what happens at one moment. What a call applied is one step where the store says that batches are atomic, else each
 * item is one, in the order of the batch, and of a claim each job that it took. What was refused is a reading: a store may look at another moment of the same call, between its own
 * items too, it only has to show what was there at that one (GUARD-2, IDEM-1, UNIQ-4). Removals are judged each by itself.
 */
import type { Ms } from '../../record.js'
import { beaten, changed, inserted } from './applied.js'
import { inHandOf, type Made, overlap } from './call.js'
import { type ClaimLeeway, followClaim, followTaken } from './follow-claim.js'
import { followReading } from './follow-reading.js'
import { type Mismatch, mismatch, same } from './mismatch.js'
import type { ModelStore } from './model-store.js'
import { notNew, refusal } from './refused.js'
import type { Follow, MakeStep, Step } from './step.js'

export function stepsOf(calls: readonly Made[], isAtomic: boolean, delivered: ReadonlyMap<string, number>): Step[] {
  return calls.flatMap((made) => {
    const { call, answer } = made
    const step = (label: string, isReading: boolean, follow: Follow, after: readonly Step[] = []): Step => ({
      made,
      label,
      isReading,
      after,
      follow,
    })
    if (call.method === 'exchange' && answer.method === 'exchange') return exchangeSteps(made, calls, isAtomic, step)
    if (call.method === 'remove' && answer.method === 'remove')
      return call.jobs.map((job, n) =>
        step(`remove ${job.id}`, !answer.removed[n], (model) => {
          const isRemoved = model.remove(job)
          return isRemoved === answer.removed[n]
            ? null
            : mismatch(
                'REMOVE-1',
                `the removal of ${job.id} at version ${job.version}`,
                isRemoved,
                answer.removed[n],
                job.id,
              )
        }),
      )
    if (call.method === 'configure' && answer.method === 'configure')
      return [
        step('setting', answer.result?.ok !== true, (model, now) => {
          const result = model.configure(call.write, now)
          return same(result, answer.result)
            ? null
            : mismatch('SET-1', `the setting paused/${call.write.name}`, result, answer.result, null)
        }),
      ]
    return [step(call.method, true, (model, now) => followReading(call, answer, model, now, delivered))]
  })
}

// ---- exchange -------------------------------------------------------------------------------------------------------

type Applied = Pick<Step, 'label' | 'isReading' | 'follow'>
/** An item of a batch: what was applied, or the readings that a refusal is made of. */
type Part = Applied | readonly Step[]

function exchangeSteps(made: Made, calls: readonly Made[], isAtomic: boolean, step: MakeStep): Step[] {
  const { call, answer } = made
  if (call.method !== 'exchange' || answer.method !== 'exchange') return []
  const { batch } = call
  const { result } = answer
  const wrong = PARTS.find((part) => batch[part].length !== result[part].length)
  if (wrong) return [step('its answer', true, () => unanswered(wrong, batch[wrong].length, result[wrong].length))]
  const leeway = leewayOf(made, calls)
  const isOverlapped = calls.some((other) => other !== made && overlap(made, other))
  const parts: Part[] = [
    ...batch.inserts.map((given, n): Part => {
      const told = result.inserts[n]
      if (!told?.isNew) return notNew(given, told, step)
      return { label: `insert ${given.id}`, isReading: false, follow: inserted(given, told) }
    }),
    ...batch.changes.map((given, n): Part => {
      const told = result.changes[n]
      const move = call.moves[n] ?? given.event.type
      const label = `${move} ${given.id}`
      return told?.ok
        ? { label, isReading: false, follow: changed(given, told, move) }
        : refusal(given, told, label, step)
    }),
    ...batch.beats.map((given, n): Part => {
      const told = result.beats[n]
      const label = `beat ${given.id}`
      return told?.ok ? { label, isReading: false, follow: beaten(given, told) } : refusal(given, told, label, step)
    }),
    ...batch.claims.flatMap((given, n): Part[] => {
      const told = result.claims[n]
      if (told && !isAtomic && isOverlapped && told.jobs.length > 1 && told.jobs.length <= given.max)
        return told.jobs.map((job) => ({
          label: `claim ${given.token} takes ${job.id}`,
          isReading: false,
          follow: (model, now) => followTaken(given, job, model, now, leeway.unsure),
        }))
      const isReading = (told?.jobs.length ?? 0) === 0
      const follow: Follow = (model, now) => followClaim(given, told, model, now, leeway)
      return [{ label: `claim ${given.token}`, isReading, follow }]
    }),
  ]
  const refused = parts.flatMap((part) => ('follow' in part ? [] : part))
  return [...(isAtomic ? atOnce(parts, step) : oneByOne(parts, step)), ...refused]
}

const PARTS = ['inserts', 'changes', 'beats', 'claims'] as const

const unanswered = (part: string, asked: number, answered: number): Mismatch =>
  mismatch('BATCH-1', `${asked} ${part} were asked for and ${answered} answered`, asked, answered, null)

function atOnce(parts: readonly Part[], step: MakeStep): Step[] {
  const applied = parts.filter((part): part is Applied => 'follow' in part)
  if (applied.length === 0) return []
  const label = applied.map((one) => one.label).join(' + ')
  const isReading = applied.every((one) => one.isReading)
  return [
    step(label, isReading, (model, now, met) => {
      for (const part of parts) {
        if ('follow' in part) {
          const found = part.follow(model, now, met)
          if (found) return found
        } else for (const reading of part) if (fits(reading, model, now, met)) met.add(reading)
      }
      return null
    }),
  ]
}

const fits = (reading: Step, model: ModelStore, now: Ms, met: Set<Step>): boolean =>
  reading.after.every((before) => met.has(before)) && reading.follow(model.copy(), now, met) === null

function oneByOne(parts: readonly Part[], step: MakeStep): Step[] {
  const steps: Step[] = []
  for (const part of parts) if ('follow' in part) steps.push(step(part.label, part.isReading, part.follow, [...steps]))
  return steps
}

function leewayOf(made: Made, calls: readonly Made[]): ClaimLeeway {
  const others = calls.filter((other) => other !== made && overlap(made, other))
  const unsure = others.flatMap((other) =>
    other.call.method === 'configure' && other.answer.method === 'configure' && other.answer.result?.ok
      ? other.call.write.name
      : [],
  )
  const underWay = others.flatMap((other) =>
    other.call.method === 'exchange' ? other.call.batch.claims.map(({ token }) => token) : [],
  )
  return {
    written: new Set(others.flatMap(inHandOf)),
    putIn: new Set(others.flatMap(putInLineBy)),
    own: new Set(putInLineBy(made)),
    unsure,
    underWay: new Set(underWay),
  }
}

/** The ids of the jobs that the call put into the line, or back. */
function putInLineBy({ call, answer }: Made): string[] {
  if (call.method !== 'exchange' || answer.method !== 'exchange') return []
  const { inserts, changes } = answer.result
  return [
    ...inserts.flatMap(({ isNew, job }) => (isNew ? job.id : [])),
    ...call.batch.changes.filter(({ set }, n) => changes[n]?.ok && set.state === 'queued').map(({ id }) => id),
  ]
}
