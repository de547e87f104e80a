/**
 * What is drawn: plain data that means the same after shrinking. A command never names what a store answered; it says "the version last read
 * of b" or "the token before the last one", which is looked up when it is sent (knowledge.ts).
 */
import type { JsonText, State, When } from '../../record.js'
import { type Command as Move, TRANSITIONS } from '../../transitions.js'

/** In two cases, since ids are compared by their bytes and not as words. */
export const JOBS = ['a', 'B', 'c', 'D', 'e', 'F'] as const
export const TYPES = ['mail', 'sms'] as const
export const KEYS = ['k', 'l'] as const
export type JobName = (typeof JOBS)[number]
export type LaneName = 'x' | 'y'
export type TypeName = (typeof TYPES)[number]
export type KeyName = (typeof KEYS)[number]

/** Commands of the table that are sent as a `Change`. */
export type ChangeMove = Exclude<Move, 'enqueue' | 'track' | 'claim'>
export const CHANGE_MOVES: readonly ChangeMove[] = (Object.keys(TRANSITIONS) as Move[]).filter(
  (move): move is ChangeMove => move !== 'enqueue' && move !== 'track' && move !== 'claim',
)

/** Which job: that one, or with `mayIn` the first from it on, in a circle, that was last seen in one of these states. */
export interface Aim {
  readonly job: JobName
  readonly mayIn: readonly State[] | null
}

/** Which reading of it gives token, version and attempt: 0 the newest, 1 the one before … */
export type Ago = number

export interface InsertItem {
  readonly item: 'insert'
  readonly move: 'enqueue' | 'track'
  readonly job: JobName
  /** The first from `job` on, in a circle, that is not there; where all are, that one once more. */
  readonly isFresh: boolean
  /** With lane and key of a job that is over, where there is one with a key: a retry of that one meets this one. */
  readonly isRival: boolean
  readonly lane: LaneName
  readonly type: TypeName
  readonly priority: number
  readonly run: When
  readonly key: KeyName | null
  readonly keyUntil: 'claimed' | 'finished'
  readonly payload: JsonText | null
  readonly tags: readonly string[]
}
export interface ChangeItem {
  readonly item: 'change'
  readonly move: ChangeMove
  readonly aim: Aim
  readonly ago: Ago
  /** The token of that job in place of its own. */
  readonly tokenOf: JobName | null
  /** Chooses among the states that the command leads to, and among values. */
  readonly way: number
  readonly returning: boolean
}
export interface BeatItem {
  readonly item: 'beat'
  readonly aim: Aim
  readonly ago: Ago
  readonly tokenOf: JobName | null
  readonly leaseMs: number | null
  readonly field: 'progress' | 'checkpoint' | 'log' | null
  readonly text: number
  readonly returning: boolean
}
export type FromItem =
  | { readonly lane: LaneName; readonly types: readonly TypeName[] | null; readonly limit: number }
  | { readonly jobs: readonly JobName[] }
export interface ClaimItem {
  readonly item: 'claim'
  readonly to: 'leased' | 'running'
  readonly max: number
  readonly leaseMs: number
  readonly from: readonly FromItem[]
}
/** The claim that was sent so many claims ago, sent once more with `again`. */
export interface AgainItem {
  readonly item: 'again'
  readonly ago: Ago
}
export type Item = InsertItem | ChangeItem | BeatItem | ClaimItem | AgainItem

export type Command =
  | { readonly do: 'exchange'; readonly items: readonly Item[] }
  | { readonly do: 'remove'; readonly jobs: readonly { readonly aim: Aim; readonly ago: Ago }[] }
  /** `ifVersion`: how far from the version that is there; null: none is given. */
  | { readonly do: 'pause'; readonly lane: LaneName; readonly isOn: boolean; readonly ifVersion: number | null }
  | { readonly do: 'get'; readonly job: JobName }
  | { readonly do: 'get by key'; readonly lane: LaneName; readonly key: KeyName }
  /** Answers about many jobs at once, which are exact only while nobody writes. */
  | { readonly do: 'look'; readonly at: Look }

/** What `JSON.stringify` may give, and stores may be tempted to read. */
export const PAYLOADS = ['{"n":1}', '{"z":"\\u0000","a":[1e400]}', 'null', '"$payload"', null] as const
export const TAGS = ['odd', 'oddly'] as const

export const LOOKS = [
  'stats',
  'feed',
  'events',
  'settings',
  'walk id',
  'walk by tag',
  'walk claim',
  'walk lease',
  'walk finished',
] as const
export type Look = (typeof LOOKS)[number]

export type Handle = 'A' | 'B'

/** Calls of one client, one after another; the first is begun at once and its request is under way for so many turns of the event loop. */
export interface Line {
  readonly handle: Handle
  readonly lateTurns: number
  readonly commands: readonly Command[]
}

/** The clock moves, then all lines at once; the next step begins when all have ended. */
export interface Wave {
  readonly moveMs: number
  readonly lines: readonly Line[]
}
export type History = readonly Wave[]
