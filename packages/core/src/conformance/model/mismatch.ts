/** One thing that the store said otherwise than the model, and the clause that speaks of it. */
import { isDeepStrictEqual } from 'node:util'
import type { JobRecord } from '../../record.js'
import type { Guard } from '../../store.js'

export interface Mismatch {
  /** The clause to look at first. A guess from what differs, and good enough to begin with. */
  readonly clause: string
  readonly what: string
  readonly expected: unknown
  readonly got: unknown
  /** The job in question; null: there is none. */
  readonly jobId: string | null
}

export const mismatch = (
  clause: string,
  what: string,
  expected: unknown,
  got: unknown,
  jobId: string | null,
): Mismatch => ({
  clause,
  what,
  expected,
  got,
  jobId,
})

export const same = (a: unknown, b: unknown): boolean => isDeepStrictEqual(a, b)

/** Fields in the order in which a difference tells most. */
const FIELDS: readonly (readonly [keyof JobRecord, string])[] = [
  ['version', 'ATOM-3'],
  ['state', 'GUARD-1'],
  ['lease', 'FENCE-2'],
  ['attempt', 'CLAIM-4'],
  ['key', 'UNIQ-2'],
  ['runAt', 'TIME-6'],
  ['createdAt', 'TIME-6'],
  ['startedAt', 'TIME-6'],
  ['finishedAt', 'TIME-6'],
  ['updatedAt', 'TIME-5'],
]

export function differingFields(expected: JobRecord, got: JobRecord): (keyof JobRecord)[] {
  const fields = new Set([...Object.keys(expected), ...Object.keys(got)] as (keyof JobRecord)[])
  return [...fields].filter((field) => !same(expected[field], got[field]))
}

/** null: the two are one and the same, there or not. */
export function recordMismatch(
  what: string,
  expected: JobRecord | null,
  got: JobRecord | null,
  id: string,
): Mismatch | null {
  if (same(expected, got)) return null
  if (!expected || !got) return mismatch(expected ? 'READ-1' : 'REMOVE-2', what, expected, got, id)
  const fields = differingFields(expected, got)
  const [, clause = 'DATA-1'] = FIELDS.find(([field]) => fields.includes(field)) ?? []
  return mismatch(
    clause === 'FENCE-2' ? leaseClause(expected, got) : clause,
    `${what} (${fields.join(', ')})`,
    expected,
    got,
    id,
  )
}

function leaseClause({ lease: expected }: JobRecord, { lease: got }: JobRecord): string {
  if (!expected || !got) return 'FENCE-3'
  return same({ ...expected, until: 0 }, { ...got, until: 0 }) ? 'TIME-6' : 'FENCE-2'
}

/** Of a guard that did not hold: the part that says most. */
export function guardClause({ token, leaseOver }: Guard): string {
  if (token === undefined) return 'GUARD-1'
  return leaseOver ? 'TIME-4' : 'FENCE-1'
}
