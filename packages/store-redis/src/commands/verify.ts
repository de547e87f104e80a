import type { Ms } from '@stint/core'
import { Budget } from '@stint/core/store'
import type { Connections } from '../connection.js'
import { SCRIPTS } from './verify-scripts.js'

/** What was found; a store that nobody has changed by hand has none of it, whatever failed. */
export interface Findings {
  /** Records that were looked at. */
  readonly jobs: number
  /** What an index should have and has not, or has in another place. */
  readonly missing: readonly string[]
  /** What an index has though no record is so. */
  readonly stray: readonly string[]
  /** Counts that are not those of the records. */
  readonly counts: readonly string[]
  /** Records that cannot be read; nobody repairs them. */
  readonly broken: readonly string[]
}

type FeedAnswer = readonly [next: string, stray: readonly string[], wrong: readonly string[]]
type JobsAnswer = readonly [string, number, readonly string[], readonly string[], readonly string[]]

/** Page by page, so that nobody waits long. Counts are right only while nobody writes. */
export async function verifyKeys(
  connections: Connections,
  { prefix, deadlineMs, repair }: { readonly prefix: string; readonly deadlineMs: Ms; readonly repair: boolean },
): Promise<Findings> {
  const ask = async <T>(what: keyof typeof SCRIPTS, ...args: readonly string[]): Promise<T> => {
    const script = SCRIPTS[what][repair ? 'repair' : 'look']
    return (await connections.call<T>(script, ['', 'verify', ...args], new Budget(deadlineMs))).answer
  }
  const position = await ask<readonly string[]>('position')
  const jobs = await allJobs((cursor) => ask<JobsAnswer>('jobs', cursor))
  const stray = new Set<string>()
  const base = `{${prefix}}:`
  const keys = new Set(['ids', 'l', 'k', 'g', 't:5', 't:6', 't:7', 't:8'].map((key) => base + key))
  for await (const found of pages((cursor) => ask<readonly [string, readonly string[]]>('lines', cursor)))
    for (const key of found) keys.add(key)
  for (const key of keys)
    for await (const found of pages((cursor) => ask<readonly [string, readonly string[]]>('index', key, cursor)))
      for (const one of found) stray.add(one)
  const left: string[] = []
  for (let from: string | null = null; from !== '0'; ) {
    const [next, gone, wrong]: FeedAnswer = await ask<FeedAnswer>('feed', from ?? '0')
    from = next
    for (const one of gone) stray.add(one)
    left.push(...wrong)
  }
  const counts = await ask<readonly string[]>('counts', ...[...jobs.sums].flatMap(([of, sum]) => [of, String(sum)]))
  return {
    ...{ jobs: jobs.seen, missing: jobs.missing, stray: [...stray], broken: jobs.broken },
    counts: [...position, ...left, ...counts],
  }
}

async function allJobs(page: (cursor: string) => Promise<JobsAnswer>) {
  const missing = new Set<string>()
  const broken = new Set<string>()
  const sums = new Map<string, number>()
  let seen = 0
  for (let cursor: string | null = null; cursor !== '0'; ) {
    const [next, count, lost, torn, flat]: JobsAnswer = await page(cursor ?? '0')
    cursor = next
    seen += count
    for (const one of lost) missing.add(one)
    for (const one of torn) broken.add(one)
    for (let i = 0; i < flat.length; i += 2)
      sums.set(flat[i] ?? '', (sums.get(flat[i] ?? '') ?? 0) + Number(flat[i + 1]))
  }
  return { seen, missing: [...missing], broken: [...broken], sums }
}

async function* pages<T>(page: (cursor: string) => Promise<readonly [string, T]>): AsyncGenerator<T> {
  for (let cursor: string | null = null; cursor !== '0'; ) {
    const [next, found]: readonly [string, T] = await page(cursor ?? '0')
    cursor = next
    yield found
  }
}
