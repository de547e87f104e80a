import type { JobFailure } from './job.js'
import type { JsonText } from './record.js'

const MAX_BYTES = 8192

/** A failure as it is stored: JSON text, times as milliseconds of the reporting process's clock. */
export interface FailureRecord {
  readonly name: string
  readonly message: string
  readonly code: string | null
  readonly stack: string | null
  readonly attempt: number
  readonly at: number
}

/** Anything may be thrown; what is kept of it is bounded. */
export function failureOf(thrown: unknown, attempt: number, at: number): FailureRecord {
  const error = typeof thrown === 'object' && thrown !== null ? thrown : { message: thrown }
  const code = fieldOf(error, 'code')
  return {
    name: text(fieldOf(error, 'name')) ?? 'Error',
    message: text(fieldOf(error, 'message')) ?? plain(thrown),
    code: text(code) ?? (typeof code === 'number' ? String(code) : null),
    stack: text(fieldOf(error, 'stack')),
    attempt,
    at,
  }
}

export const writeFailure = (failure: FailureRecord): JsonText => JSON.stringify(failure)

export function readFailure(failure: FailureRecord): JobFailure {
  return Object.freeze({ ...failure, at: new Date(failure.at) })
}

/** A getter or a proxy may throw: a failure is told all the same. */
function fieldOf(error: object, field: string): unknown {
  try {
    return (error as Record<string, unknown>)[field]
  } catch {
    return undefined
  }
}

const text = (value: unknown): string | null => (typeof value === 'string' ? cut(value) : null)

/** By bytes, at a character: a message of 8 KiB in Greek is 4,096 letters. */
function cut(value: string): string {
  if (value.length * 3 <= MAX_BYTES) return value
  const bytes = Buffer.from(value)
  if (bytes.length <= MAX_BYTES) return value
  return `${bytes
    .subarray(0, MAX_BYTES - 4)
    .toString()
    .replace(/\uFFFD+$/, '')}…`
}

function plain(thrown: unknown): string {
  try {
    return cut(typeof thrown === 'object' ? (JSON.stringify(thrown) ?? 'unknown') : String(thrown))
  } catch {
    return 'unknown'
  }
}
