/** What is told of a case that failed: the clause, the promise, where to look, both records, and who did what when. */
import { inspect } from 'node:util'
import type { StoreCase } from './case.js'
import { clauseOf, PROMISES } from './clauses.js'
import type { Stage } from './stage.js'

export interface Failure {
  readonly message: string
  /** Where the case says what it expected and got; null: it says so in its message alone. */
  readonly expected: string | null
  readonly got: string | null
  readonly clauses: readonly BrokenClause[]
  /** The jobs that the last writes were about, as the store shows them, each with its events. */
  readonly records: readonly string[]
  /** The calls before the failure, in the order of their moments. */
  readonly interleaving: readonly string[]
  readonly stack: string | null
}

export interface BrokenClause {
  readonly id: string
  readonly says: string
  readonly promise: string
  readonly look: string
}

export async function failureOf(one: StoreCase, error: unknown, stage: Stage): Promise<Failure> {
  const interleaving = stage.transcript.lines()
  const { expected = null, got = null } = comparedIn(error)
  return {
    message: error instanceof Error ? error.message : inspect(error),
    expected,
    got,
    clauses: brokenBy(one, error),
    records: await recordsOf(stage),
    interleaving,
    stack: error instanceof Error ? (error.stack ?? null) : null,
  }
}

/** The invariants begin their messages with the clause they are about; it is the one to look at first. */
function brokenBy(one: StoreCase, error: unknown): BrokenClause[] {
  const named = /^([A-Z]+-\d+)\b/.exec(error instanceof Error ? error.message : '')?.[1]
  const ids = named ? [named, ...one.clauses.filter((id) => id !== named)] : one.clauses
  return ids.flatMap((id) => {
    const clause = clauseOf(id)
    if (!clause) return []
    const { says, promise, look } = clause
    return [{ id, says, promise: `${promise} (${PROMISES[promise]})`, look }]
  })
}

function comparedIn(error: unknown): { expected?: string; got?: string } {
  if (!(error instanceof Error) || !('expected' in error) || !('actual' in error)) return {}
  return { expected: told(error.expected), got: told(error.actual) }
}

const told = (value: unknown): string =>
  inspect(value, { depth: 6, breakLength: 120, maxArrayLength: 20, maxStringLength: 200 })

/** As far as the store still answers. */
async function recordsOf(stage: Stage): Promise<string[]> {
  const ids = stage.transcript.lastIds(3)
  const store = storeOf(stage)
  if (!store) return []
  return Promise.all(
    ids.map(async (id) => {
      try {
        const [job] = await store.get([id])
        const events = await store.events(id, { limit: 100 })
        if (!job) return `${id}: not there`
        const trail = events.map(({ seq, type, from, to, fence }) =>
          [seq, type, `${from ?? '·'}→${to}`, fence === null ? '' : `fence ${fence}`].join(' ').trim(),
        )
        return `${told(job)}\nevents: ${trail.join(' · ')}`
      } catch (error) {
        return `${id}: cannot be read (${error instanceof Error ? error.message : String(error)})`
      }
    }),
  )
}

function storeOf(stage: Stage) {
  try {
    return stage.b
  } catch {
    return null
  }
}

/** The failure as people read it. */
export function textOf(failure: Failure): string {
  const part = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', `${title}:`, ...lines.flatMap((line) => line.split('\n').map((one) => `  ${one}`))]
  return [
    failure.message,
    ...part('expected', failure.expected === null ? [] : [failure.expected]),
    ...part('got', failure.got === null ? [] : [failure.got]),
    ...failure.clauses.flatMap(({ id, says, promise, look }) => [
      '',
      `${id}: ${says}`,
      `  breaks promise ${promise}`,
      ...(look === '' ? [] : [`  look at: ${look}`]),
    ]),
    ...part('as it stands', failure.records),
    ...part('the last calls (▸ begins, ◂ ends)', failure.interleaving),
  ].join('\n')
}
