/** The store and the model disagree: told so that whoever wrote the store needs to know nothing of the model, nor of fast-check. */
import { AssertionError } from 'node:assert/strict'
import type { JobRecord } from '../../record.js'
import { brief, sinceStart } from '../failure/brief.js'
import type { Made } from './call.js'
import type { Blocked } from './legal-order.js'
import { answeredLine, callLine, interleavingLines } from './lines.js'
import { differingFields, type Mismatch } from './mismatch.js'
import type { Step } from './step.js'

/** Calls of one wave, after the clock was moved. */
export interface PlayedWave {
  readonly moveMs: number
  readonly calls: readonly Made[]
}

/** Between the parts of the message. A line that is empty ends what reports show of an assertion's own message. */
export const BLANK = ' '

export interface Found extends PlayedWave {
  /** The waves before it. */
  readonly log: readonly PlayedWave[]
  readonly blocked: Blocked | null
  /** The call that was not answered. */
  readonly rejected: Made | null
}

/** A judgement, not something that broke: reports show no stack of it. */
export class Discord extends AssertionError {
  constructor(found: Found) {
    super({ message: sinceStart(told(found)), operator: 'model' })
  }
}

function told(found: Found): string {
  const { calls, blocked, rejected } = found
  if (rejected) {
    return [
      `FAULT-1: a call was rejected though nothing was broken: ${answeredLine(rejected)}`,
      ...history(found),
    ].join('\n')
  }
  const own = calls.filter(({ call }) => call.method !== 'get all')
  const [first] = blocked?.reasons ?? []
  const headline = first
    ? `${first.found.clause}: ${first.found.what}; the model says otherwise`
    : 'the store and the model disagree'
  return [
    headline,
    ...history(found),
    ...(own.length > 1 && blocked
      ? noOrder(blocked)
      : (blocked?.reasons ?? []).slice(0, 1).flatMap(({ found: one }) => bothSay(one, ''))),
    ...(first && blocked ? sideBySide(first.found, blocked, calls) : []),
  ].join('\n')
}

// ---- what was done --------------------------------------------------------------------------------------------------

/** What the run did, for an error that speaks of the store as a whole. */
export const historyLines = (log: readonly PlayedWave[]): string[] => history({ log, moveMs: 0, calls: [] })

function history({ log, moveMs, calls }: Pick<Found, 'log' | 'moveMs' | 'calls'>): string[] {
  return [
    BLANK,
    'what was done (A and B: two handles over the same data; the model is the kit on a Map):',
    ...log.flatMap((wave) => waveLines(wave)),
    ...waveLines({ moveMs, calls }, true),
  ]
}

/** The reading behind a wave is told only where it is the last thing. */
function waveLines({ moveMs, calls }: PlayedWave, isLast = false): string[] {
  const shown = isLast ? calls : calls.filter(({ call }) => call.method !== 'get all')
  const clock = moveMs === 0 ? [] : [`        the clock moves ${moveMs > 0 ? 'on' : 'back'} by ${Math.abs(moveMs)} ms`]
  const own = shown.filter(({ call }) => call.method !== 'get all')
  if (own.length < 2) return [...clock, ...shown.map(callLine)]
  return [...clock, '        at once (▸ begins, ◂ ends):', ...interleavingLines(shown)]
}

// ---- why not --------------------------------------------------------------------------------------------------------

function noOrder({ prefix, reasons }: Blocked): string[] {
  return [
    BLANK,
    'no order of these calls is legal: in none that keeps a call that ended before another began in front of it does the model give the answers seen.',
    prefix.length === 0 ? 'None can be the first:' : 'The farthest that an order came:',
    ...prefix.map((step, n) => `  ${n + 1}. ${stepLine(step)}`),
    ...(prefix.length === 0 ? [] : ['and then none of the others can come next:']),
    ...reasons.flatMap(({ step, found }) => [
      `  ${stepLine(step)}: ${found.what} [${found.clause}]`,
      ...bothSay(found, '    ').slice(1),
    ]),
  ]
}

const stepLine = ({ made, label }: Step): string => `call ${made.number} of ${made.handle}, ${label}`

function bothSay({ expected, got }: Mismatch, indent: string): string[] {
  return [BLANK, `${indent}the model says: ${brief(expected)}`, `${indent}the store says: ${brief(got)}`]
}

// ---- the record in question -----------------------------------------------------------------------------------------

const isRecord = (value: unknown): value is JobRecord =>
  typeof value === 'object' && value !== null && 'id' in value && 'version' in value && 'state' in value

function sideBySide({ jobId, expected, got }: Mismatch, { model }: Blocked, calls: readonly Made[]): string[] {
  if (jobId === null || jobId === '') return []
  const isPair = isRecord(expected) && isRecord(got)
  const ours = isPair ? expected : model.get(jobId)
  const theirs = isPair ? got : readAfterwards(jobId, calls)
  const title = [
    BLANK,
    `the record of ${jobId}${isPair ? '' : ' (the model before that step, the store after the wave)'}:`,
  ]
  if (!ours || !theirs)
    return [
      ...title,
      `  by the model: ${ours ? 'there' : 'not there'} · by the store: ${theirs ? 'there' : 'not there'}`,
    ]
  const differing = differingFields(ours, theirs)
  const fields = (Object.keys(ours) as (keyof JobRecord)[]).filter(
    (field) => differing.includes(field) || (ours[field] !== null && field !== 'tags'),
  )
  const cell = (value: unknown): string => (typeof value === 'string' ? value : brief(value))
  const rows = fields.map((field) => [
    field,
    cell(ours[field]),
    cell(theirs[field]),
    differing.includes(field) ? '≠' : '',
  ])
  const table = [['', 'by the model', 'by the store', ''], ...rows]
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  return [
    ...title,
    ...table.map((row) => `  ${row.map((text, n) => text.padEnd(widths[n] ?? 0)).join('  ')}`.trimEnd()),
  ]
}

function readAfterwards(id: string, calls: readonly Made[]): JobRecord | null {
  const answer = calls.at(-1)?.answer
  return answer?.method === 'get all' ? (answer.jobs.find((job) => job?.id === id) ?? null) : null
}
