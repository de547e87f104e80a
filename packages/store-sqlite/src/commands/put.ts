import type { JobRecord, Patch } from '@stint/core'
import { CHANGING } from '../record.js'
import type { Value } from './session.js'
import type { Step } from './step.js'

const BODIES: readonly (keyof Patch)[] = ['result', 'checkpoint', 'log', 'payload']
const FIRST_BODY = CHANGING.length - BODIES.length
const NOTHING: Patch = {}
/** By the columns they write, one bit each: settles, claims and retries come to a handful. */
const texts = new Map<number, string>()

/**
 * Writes what differs: a column that stands in the statement costs its indexes a look, changed or not. Of the bodies `set` tells, because
 * `before` may have been read without them.
 */
export function put({ session }: Step, n: number, before: JobRecord, after: JobRecord, set: Patch = NOTHING): void {
  const values: Value[] = []
  let columns = 0
  for (let i = 0; i < CHANGING.length; i++) {
    const [, read] = CHANGING[i] as (typeof CHANGING)[number]
    const value = read(after)
    const differs = i < FIRST_BODY ? value !== read(before) : set[BODIES[i - FIRST_BODY] as keyof Patch] !== undefined
    if (!differs) continue
    columns |= 1 << i
    values.push(value)
  }
  values.push(n)
  session.run(texts.get(columns) ?? textFor(columns), ...values)
}

function textFor(columns: number): string {
  const assignments = CHANGING.flatMap(([column], i) => (columns & (1 << i) ? [`${column} = ?`] : []))
  const sql = `update stint_job set ${assignments.join(', ')} where n = ?`
  texts.set(columns, sql)
  return sql
}
