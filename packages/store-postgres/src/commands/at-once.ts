import type {
  Batch,
  BatchResult,
  Beat,
  Change,
  ChangeResult,
  Claim,
  ClaimFrom,
  ClaimResult,
  Hint,
  JobRecord,
  Ms,
} from '@stint/core'
import { byClaimOrder, holds } from '@stint/core/store'
import { type JobRow, jobOf, wholeOf } from '../record.js'
import { byId } from './read.js'
import type { Session } from './session.js'
import { type Held, SETTLE_FIRST, SETTLES, type Settle, type Use, useOf } from './settle.js'
import { ENGINE_MS, IN_TIME, IS_HEARD, STAMPED } from './step.js'
import { type Share, type Take, takeOf } from './take.js'

type OfQueue = Extract<ClaimFrom, { queue: string }>

/** A batch that one statement does: changes and beats under tokens, and claims that all ask the same one lane. */
export interface AtOnce {
  readonly held: readonly Held[]
  readonly claims: readonly Claim[]
  readonly from: OfQueue | null
}

/** null: the batch needs a transaction. */
export function atOnce({ inserts = [], changes = [], beats = [], claims = [] }: Batch): AtOnce | null {
  if (inserts.length > 0 || changes.length + beats.length + claims.length === 0) return null
  if (!changes.every(({ guard }) => guard.token !== undefined)) return null
  const from = claims.length === 0 ? null : laneOf(claims)
  if (from === undefined) return null
  const held = [
    ...changes.map((change): Held => ({ change, beat: null, id: change.id, token: change.guard.token as string })),
    ...beats.map((beat): Held => ({ change: null, beat, id: beat.id, token: beat.token })),
  ]
  return { held, claims, from }
}

/** undefined: they ask for several lanes, or for ids, or what a repeat may hold. */
function laneOf(claims: readonly Claim[]): OfQueue | undefined {
  const [lane] = claims[0]?.from ?? []
  if (lane === undefined || 'ids' in lane) return undefined
  const name = nameOf(lane)
  return claims.every(({ from, again }) => !again && from.length === 1 && nameOf(from[0] as ClaimFrom) === name)
    ? lane
    : undefined
}

/** Without the limit, which is each claim's own. */
export const nameOf = (from: ClaimFrom): string =>
  'ids' in from ? JSON.stringify(from.ids) : JSON.stringify([from.queue, from.types])

/** What a claim of one entry may take. */
export const mostOf = ({ max, from: [from] }: Claim): number =>
  from !== undefined && 'limit' in from ? Math.min(max, from.limit) : max

/** More than one statement looks at: the bound of a claim, which a batch of many may pass. */
const MOST = 500

/** One after the other, by what each may take; null: more than a statement takes. */
export function sharesOf(claims: readonly Claim[], mostOf: (claim: Claim) => number): Share[] | null {
  let before = 0
  const shares = claims.map((claim) => {
    const most = mostOf(claim)
    before += most
    return { claim, most, before: before - most }
  })
  return before <= MOST ? shares : null
}

// ---- the statement ----------------------------------------------------------------------------------------------------

const texts = new Map<string, string>()

function textOf(use: Use | null, take: Take | null): string {
  const name = `${use} ${take?.name}`
  let text = texts.get(name)
  if (text === undefined) texts.set(name, (text = madeOf(use === null ? null : SETTLES[use], use, take)))
  return text
}

function madeOf(settle: Settle | null, use: Use | null, take: Take | null): string {
  const parts = [settle, take].filter((part) => part !== null)
  const events = parts.map((part) => part.events).filter(Boolean)
  const counts = parts.map((part) => part.counts).filter(Boolean)
  const isWanted = use === 'all'
  const rows = [
    ...(isWanted ? [`select true as is_changed, ${wholeOf('s')} from s where is_wanted`] : []),
    ...(take === null ? [] : [`select false as is_changed, ${wholeOf('c')} from c`]),
  ]
  const facts = [
    '(select now from t)::float8 as now',
    `${ENGINE_MS}::float8 as engine`,
    `${IS_HEARD} as heard`,
    settle === null
      ? 'null::text[] as refused'
      : 'case when (select count(*) from s) < (select count(*) from u) then array(select id from u where id not in (select id from s)) end as refused',
    settle === null || use === 'report'
      ? 'null::text[] as woken'
      : '(select array_agg(distinct queue) from s where state = 1) as woken',
    ...(take === null ? [] : [take.facts]),
    `${IN_TIME} as is_in_time`,
  ]
  const ctes = [
    ...(settle === null ? [] : [settle.text]),
    ...(take === null ? [] : [take.text]),
    ...(events.length === 0
      ? []
      : [
          `ev as (insert into stint.event(tx, at, seq, attempt, fence, from_state, to_state, job_id, type, worker, actor, detail)
    ${events.join('\n    union all ')})`,
        ]),
    ...(counts.length === 0
      ? []
      : [
          `ct as (insert into stint.count_delta(n, state, queue) select sum(n), state, queue from (${counts.join(' union all ')}) d
    group by queue, state having sum(n) <> 0)`,
        ]),
  ]
  const stamped = take === null ? STAMPED : STAMPED.replace('with t', 'with recursive t')
  const f = `(select ${facts.join(',\n    ')} from (select ${[
    ...(settle === null ? [] : ['(select count(*) from s) as s']),
    ...(take === null ? [] : ['(select count(*) from c) as c']),
  ].join(', ')}) waited)`
  return `${stamped},\n  ${ctes.join(',\n  ')}
select f.*${rows.length > 0 ? ', r.*' : ''} from ${f} f${rows.length > 0 ? ` left join (${rows.join(' union all ')}) r on true` : ''}`
}

interface Row extends JobRow {
  readonly is_changed?: boolean | null
  readonly now: number
  readonly engine: number
  readonly heard: boolean
  readonly refused: string[] | null
  readonly woken: string[] | null
  readonly locked?: number
  readonly seen?: number
  readonly next?: number | null
}

export interface Done {
  readonly now: Ms
  readonly engineMs: Ms
  readonly isHeard: boolean
  /** Ids whose guard did not hold. */
  readonly refused: ReadonlySet<string>
  readonly changed: ReadonlyMap<string, JobRecord>
  readonly claims: readonly ClaimResult[]
  readonly woken: readonly string[]
}

const byIdOrder = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

/** `shares` of one lane, or none. */
export async function runAtOnce(
  session: Session,
  held: readonly Held[],
  from: OfQueue | null,
  shares: readonly Share[],
): Promise<Done> {
  const use = held.length === 0 ? null : useOf(held)
  const settle = use === null ? null : SETTLES[use]
  const wanted = shares.reduce((sum, { most }) => sum + most, 0)
  const take =
    from === null
      ? null
      : takeOf(wanted, from.types, shares.length === 1, SETTLE_FIRST + (settle?.columns.size ?? 0), settle !== null)
  const rows = await session.stamped<Row>(
    textOf(use, take),
    ...(settle?.columns.values([...held].sort(byIdOrder)) ?? []),
    ...(take === null || from === null ? [] : [from.queue, from.types ?? null, wanted, ...take.columns.values(shares)]),
  )
  return doneOf(rows, shares)
}

function doneOf(rows: readonly Row[], shares: readonly Share[]): Done {
  const fact = rows[0] as Row
  const changed = new Map<string, JobRecord>()
  const taken = new Map<string, JobRecord[]>(shares.map(({ claim }) => [claim.token, []]))
  let count = 0
  for (const row of rows) {
    if (row.is_changed === undefined || row.is_changed === null) continue
    const job = jobOf(row)
    if (row.is_changed) changed.set(job.id, job)
    else {
      count++
      taken.get(job.lease?.token ?? '')?.push(job)
    }
  }
  const { locked = 0, seen = 0, next = null, now } = fact
  const wanted = shares.reduce((sum, { most }) => sum + most, 0)
  // Stale rows took the place of true ones, others hold some, or as many were wanted: there may be more.
  const isAll = locked < wanted && locked === seen && count === locked
  const nextDueInMs = isAll ? (next === null ? null : Math.max(0, next - now)) : 0
  return {
    now,
    engineMs: fact.engine,
    isHeard: fact.heard,
    refused: new Set(fact.refused),
    changed,
    woken: fact.woken ?? [],
    claims: shares.map(({ claim, most }) => {
      const jobs = (taken.get(claim.token) ?? []).sort(byClaimOrder)
      return { jobs, nextDueInMs: jobs.length === most ? 0 : nextDueInMs }
    }),
  }
}

// ---- refusals ---------------------------------------------------------------------------------------------------------

/** Read after the statement: a record on which its guard holds means that the item has to be tried again (GUARD-2). */
export async function refusalsOf(
  session: Session,
  { refused, now }: Done,
  held: readonly Held[],
): Promise<{ answers: Map<string, ChangeResult>; again: Held[] }> {
  const answers = new Map<string, ChangeResult>()
  const again: Held[] = []
  if (refused.size === 0) return { answers, again }
  const jobs = await byId(session, [...refused])
  for (const item of held) {
    if (!refused.has(item.id)) continue
    const job = jobs.get(item.id)
    if (job === undefined) answers.set(item.id, { ok: false, why: 'missing', job: null })
    else if (holds(item.change?.guard ?? { token: item.token }, job, now)) again.push(item)
    else answers.set(item.id, { ok: false, why: 'guard', job })
  }
  return { answers, again }
}

/** The hints that the applied items owe. */
export function hintsOf({ refused, woken, claims: _ }: Done, held: readonly Held[]): Hint[] {
  const ended = held.flatMap(({ id, change }) => {
    const to = change?.set.state
    return to === undefined || to === 'leased' || to === 'running' || refused.has(id) ? [] : [{ jobId: id }]
  })
  return [...woken.map((queue) => ({ queue })), ...ended]
}

export function answerOf(
  { changes = [], beats = [] }: Batch,
  done: Done,
  refusals: ReadonlyMap<string, ChangeResult>,
): BatchResult {
  const of = ({ id, returning }: Change | Beat): ChangeResult =>
    refusals.get(id) ?? { ok: true, job: returning ? (done.changed.get(id) ?? null) : null }
  return { inserts: [], changes: changes.map(of), beats: beats.map(of), claims: done.claims }
}
