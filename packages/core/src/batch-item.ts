import { foldBeats, foldIntoChange } from './fold.js'
import type { Batch, Beat, Change, Claim, NewJob } from './store.js'

export type Part = 'inserts' | 'changes' | 'beats' | 'claims'
export const PARTS = ['inserts', 'changes', 'beats', 'claims'] as const

/** `repeated`: sent again after an outcome that was not known. */
export interface Sent<T> {
  readonly result: T
  readonly repeated: boolean
}

/** How the promise of a call is settled. */
export interface Caller {
  readonly resolve: (sent: Sent<unknown> | null) => void
  readonly reject: (error: unknown) => void
}

/** One call on its way to the store, and those that were folded into it. */
export interface Item {
  part: Part
  /** null: a claim stands in nobody's line. */
  readonly id: string | null
  given: NewJob | Change | Beat | Claim
  readonly build: (() => Claim | null) | null
  bytes: number
  readonly group: Group | null
  readonly caller: Caller
  /** A list, not callbacks around callbacks: a handler that reports in a loop folds thousands. */
  joined: Caller[] | null
  isSent: boolean
  isOver: boolean
  /** The call behind it in the line of its job. */
  next: Item | null
}

/** Inserts that go in one batch of their own. */
export interface Group {
  readonly items: Item[]
  waiting: number
}

/** Joins `item` to the one before it in the line of its job, where neither is sent and the two are one write. */
export function fold(before: Item, item: Item): boolean {
  if (before.isSent || before.part !== 'beats') return false
  const beat = before.given as Beat
  const folded =
    item.part === 'beats'
      ? foldBeats(beat, item.given as Beat)
      : item.part === 'changes'
        ? foldIntoChange(beat, item.given as Change)
        : null
  if (folded === null) return false
  before.part = item.part
  before.given = folded
  // Not the sum: what the later one says replaces what the earlier one said.
  before.bytes = Math.max(item.bytes, bytesOf('set' in folded ? folded.set : folded))
  before.joined ??= []
  before.joined.push(item.caller)
  return true
}

export function batchOf(items: readonly Item[], again: boolean): Batch {
  const inserts: NewJob[] = []
  const changes: Change[] = []
  const beats: Beat[] = []
  const claims: Claim[] = []
  const batch = { inserts, changes, beats, claims }
  for (const { part, given } of items) {
    if (part === 'claims' && again) claims.push({ ...(given as Claim), again })
    else (batch[part] as unknown[]).push(given)
  }
  return batch
}

type Bodies = Pick<NewJob, 'payload' | 'ext'> | Pick<Beat, 'progress' | 'checkpoint' | 'log'>

/** Code units of the texts: near enough to bytes for a bound that no store takes to the byte. */
export function bytesOf(bodies: Partial<Bodies>): number {
  let units = 0
  for (const value of Object.values(bodies)) if (typeof value === 'string') units += value.length
  return units
}
