import type { Count, JobRef } from '@stint/core'
import { stateOf } from '../record.js'
import { ANSWERED_READ, reading } from './script.js'

export const NOW = reading(ANSWERED_READ, 'return answered(false)')

export const GET = reading(
  ANSWERED_READ,
  String.raw`
local answers = {}
for i = cursor, #ARGV do
  local id = match(ARGV[i], '^i(.*)$') or call('HGET', at .. 'k', string.sub(ARGV[i], 2))
  answers[#answers + 1] = id and record(id)
end
return answered(answers)
`,
)

export const argumentsOfRefs = (refs: readonly JobRef[]): string[] =>
  refs.map((ref) => (typeof ref === 'string' ? `i${ref}` : `k${ref.queue}\n${ref.key}`))

export const STATS = reading(ANSWERED_READ, `return answered(call('HGETALL', at .. 'n'))`)

/** A field is `queue|state`, and `|` is in no name. */
export function countsOf(flat: readonly string[]): Count[] {
  const counts: Count[] = []
  for (let i = 0; i < flat.length; i += 2) {
    const [queue = '', state] = (flat[i] ?? '').split('|')
    counts.push({ queue, state: stateOf(state), count: Number(flat[i + 1]) })
  }
  return counts
}
