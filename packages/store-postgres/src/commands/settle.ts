import type { Beat, Change } from '@stint/core'
import { codeOf, tagsOf, wholeOf } from '../record.js'
import { type Column, Columns } from './columns.js'

/**
 * Changes and beats under a token, as part of one statement. They begin at `job` and never wait on `ready`: a job that somebody holds has no row
 * there. The guard stands in the WHERE, which Postgres asks again of the newest row after a wait, and the event is written from what the
 * UPDATE returns: `ev_…` are the old row's values, also after a wait.
 */
export interface Held {
  readonly change: Change | null
  readonly beat: Beat | null
  readonly id: string
  readonly token: string
}

const set = ({ change }: Held): Change['set'] => change?.set ?? {}
/** Of a change or a beat: the two share these. */
const given = ({ change, beat }: Held): Pick<Change['set'], 'leaseMs' | 'progress' | 'checkpoint' | 'log'> =>
  change?.set ?? beat ?? {}
const run = (item: Held): number | null => {
  const { run: when } = set(item)
  return when === undefined ? null : 'at' in when ? when.at : when.inMs
}

/** Texts that may be cleared: null is a value, so a bit says whether it is given. */
const TEXTS = ['result', 'error', 'progress', 'checkpoint', 'log', 'payload', 'ext'] as const
type Text = (typeof TEXTS)[number]
const textOf = (item: Held, name: Text): string | null | undefined =>
  name === 'progress' || name === 'checkpoint' || name === 'log' ? given(item)[name] : set(item)[name]
const TAGS_BIT = 1 << TEXTS.length
function setsOf(item: Held): number {
  let bits = set(item).tags === undefined ? 0 : TAGS_BIT
  for (const [i, name] of TEXTS.entries()) if (textOf(item, name) !== undefined) bits |= 1 << i
  return bits
}
const textColumn = (name: Text): Column<Held> => [name, 'text', (item) => textOf(item, name) ?? null]
const setText = (name: Text): string =>
  `${name} = case when u.sets & ${1 << TEXTS.indexOf(name)} > 0 then u.${name} else j.${name} end`

const PROOF: readonly Column<Held>[] = [
  ['id', 'text', ({ id }) => id],
  ['token', 'text', ({ token }) => token],
  ['sets', 'int', setsOf],
]
const EVENT: readonly Column<Held>[] = [
  ['e_type', 'text', ({ change }) => change?.event.type ?? null],
  ['e_actor', 'text', ({ change }) => change?.event.actor ?? null],
  ['e_detail', 'text', ({ change }) => change?.event.detail ?? null],
]
const OUTCOME: readonly Column<Held>[] = [
  ['is_over', 'boolean', ({ change }) => change?.guard.leaseOver === true],
  ['state', 'smallint', (item) => (set(item).state === undefined ? null : codeOf(set(item).state as 'queued'))],
  ['run', 'bigint', run],
  ['is_relative', 'boolean', (item) => !('at' in (set(item).run ?? {}))],
  ['attempt', 'int', (item) => set(item).attempt ?? null],
  textColumn('result'),
  textColumn('error'),
]
const REPORT: readonly Column<Held>[] = [
  ['lease_ms', 'bigint', (item) => given(item).leaseMs ?? null],
  textColumn('progress'),
  textColumn('checkpoint'),
  textColumn('log'),
]
const REST: readonly Column<Held>[] = [
  [
    'states',
    'int',
    ({ change }) => change?.guard.states?.reduce((bits, state) => bits | (1 << codeOf(state)), 0) ?? null,
  ],
  ['version', 'int', ({ change }) => change?.guard.version ?? null],
  ['priority', 'smallint', (item) => set(item).priority ?? null],
  ['max_attempts', 'int', (item) => set(item).maxAttempts ?? null],
  ['tags', 'text', (item) => (set(item).tags === undefined ? null : tagsOf({ tags: set(item).tags ?? [] }))],
  textColumn('payload'),
  textColumn('ext'),
  ['is_wanted', 'boolean', ({ change, beat }) => (change ?? beat)?.returning === true],
]

/** What the items of a batch use, so that a settle does not carry the columns of an edit. */
export type Use = 'outcome' | 'report' | 'all'

const OUTCOMES: ReadonlySet<string> = new Set(['state', 'run', 'attempt', 'result', 'error'])
const isOutcome = ({ change }: Held): boolean =>
  change !== null &&
  !change.returning &&
  change.guard.states === undefined &&
  change.guard.version === undefined &&
  Object.keys(change.set).every((name) => OUTCOMES.has(name))
const isReport = ({ beat }: Held): boolean => beat !== null && !beat.returning

export const useOf = (items: readonly Held[]): Use =>
  items.every(isOutcome) ? 'outcome' : items.every(isReport) ? 'report' : 'all'

export interface Settle {
  readonly columns: Columns<Held>
  /** CTEs `u` and `s`, and those that follow from `s` alone. */
  readonly text: string
  readonly events: string
  /** Moves of counts: rows `n, state, queue`. */
  readonly counts: string
}

const HELD_STATES = 'coalesce(u.state, j.state) in (2, 3)'

function setsFor(use: Use): string[] {
  const hasOutcome = use !== 'report'
  const hasReport = use !== 'outcome'
  const hasAll = use === 'all'
  const isStep = hasAll ? '(u.e_type is not null)' : 'true'
  return [
    'updated_at = greatest(t.now, j.updated_at)',
    ...(hasOutcome
      ? [
          `version = j.version + ${hasAll ? `${isStep}::int` : '1'}`,
          'state = coalesce(u.state, j.state), ev_from = j.state, ev_attempt = j.attempt, attempt = coalesce(u.attempt, j.attempt)',
          `started_at = case when u.state = 3 and j.state <> 3 then greatest(t.now, j.updated_at) else j.started_at end`,
          'finished_at = case when u.state >= 4 then greatest(t.now, j.updated_at) end',
          `token = case when ${HELD_STATES} then j.token end`,
          'run_at = coalesce(case when u.is_relative then t.now + u.run else u.run end, j.run_at)',
          `tx = case when ${isStep} then greatest(t.xid, j.tx) else j.tx end`,
          setText('result'),
          setText('error'),
        ]
      : []),
    ...(hasReport
      ? [
          `lease_until = ${hasOutcome ? `case when ${HELD_STATES} then coalesce(t.now + u.lease_ms, j.lease_until) else j.lease_until end` : 'coalesce(t.now + u.lease_ms, j.lease_until)'}`,
          'ev_until = j.lease_until',
          setText('progress'),
          setText('checkpoint'),
          setText('log'),
        ]
      : []),
    ...(hasAll
      ? [
          'priority = coalesce(u.priority, j.priority), max_attempts = coalesce(u.max_attempts, j.max_attempts)',
          `tags = case when u.sets & ${TAGS_BIT} > 0 then u.tags::text[] else j.tags end`,
          setText('payload'),
          setText('ext'),
        ]
      : []),
  ]
}

function settleFor(use: Use, firstParameter: number): Settle {
  const hasOutcome = use !== 'report'
  const hasReport = use !== 'outcome'
  const hasAll = use === 'all'
  const columns = new Columns(firstParameter, [
    ...PROOF,
    ...(hasOutcome ? [...EVENT, ...OUTCOME] : []),
    ...(hasReport ? REPORT : []),
    ...(hasAll ? REST : []),
  ])
  const guards = [
    `j.id = any($${firstParameter}::text[]) and j.id = u.id and j.token = u.token`,
    ...(hasOutcome ? ['(not u.is_over or j.lease_until <= t.now)'] : []),
    ...(hasAll
      ? ['(u.states is null or (1 << j.state) & u.states > 0) and (u.version is null or j.version = u.version)']
      : []),
  ]
  const returned = hasAll
    ? `${wholeOf('j')}, j.tx, j.ev_from, j.ev_attempt, j.ev_until, u.e_type, u.e_actor, u.e_detail, u.is_wanted`
    : hasOutcome
      ? 'j.id, j.queue, j.type, j.priority, j.run_at, j.version, j.tx, j.updated_at, j.state, j.ev_from, j.ev_attempt, j.fence, j.worker, j.key, j.key_until, u.e_type, u.e_actor, u.e_detail'
      : 'j.id, j.lease_until, j.ev_until, j.token'
  const shortened = `sh as (insert into stint.held(until, ids) select min(lease_until), array_agg(id) from s
      where token is not null and lease_until < ev_until having count(*) > 0)`
  const text = [
    `u as materialized (select * from ${columns.text})`,
    `s as (update stint.job j set ${setsFor(use).join(', ')} from u, t where ${guards.join(' and ')} returning ${returned})`,
    ...(hasReport ? [shortened] : []),
    ...(hasOutcome
      ? [
          `sr as (insert into stint.ready(run_at, version, priority, queue, type, id, frees)
            select run_at, version, priority, queue, type, id, case when key_until = 1 then key end from s where state = 1)`,
          'se as (insert into stint.ended(finished_at, state, id) select updated_at, state, id from s where state >= 4)',
          `sk as (delete from stint.live_key where ctid = any(array(select k.rc from s, lateral (select k.ctid as rc from stint.live_key k
              where k.queue = s.queue and k.key = s.key and k.id = s.id limit 1) k where s.key is not null and s.state >= 4)))`,
        ]
      : []),
  ].join(',\n  ')
  const events = hasOutcome
    ? `select s.tx, s.updated_at, s.version, s.ev_attempt, s.fence, s.ev_from, s.state, s.id, s.e_type, s.worker, s.e_actor, s.e_detail
      from s where s.e_type is not null`
    : ''
  const counts = hasOutcome
    ? `select -1 as n, ev_from as state, queue from s where ev_from <> state union all select 1, state, queue from s where ev_from <> state`
    : ''
  return { columns, text, events, counts }
}

/** Behind the three values of the stamp. */
export const SETTLE_FIRST = 4
export const SETTLES: Readonly<Record<Use, Settle>> = {
  outcome: settleFor('outcome', SETTLE_FIRST),
  report: settleFor('report', SETTLE_FIRST),
  all: settleFor('all', SETTLE_FIRST),
}
