import { cut } from './cut.js'
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

const text = (value: unknown): string | null => (typeof value === 'string' ? cut(value, MAX_BYTES) : null)

function plain(thrown: unknown): string {
  try {
    return cut(typeof thrown === 'object' ? (JSON.stringify(thrown) ?? 'unknown') : String(thrown), MAX_BYTES)
  } catch {
    return 'unknown'
  }
}
