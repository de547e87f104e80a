import type { Batch, Hint, InsertResult, JobRecord, NewJob } from '@stint/core'
import { admit } from '@stint/core/store'
import { codeOf, tagsOf } from '../record.js'
import { Columns } from './columns.js'
import { giveBack, takeKeys, type Wish } from './keys.js'
import { byId, byIdOrKey, nameOf } from './read.js'
import type { Session } from './session.js'
import { ENGINE_MS, IN_TIME, IS_HEARD, STAMPED, type Step } from './step.js'

const NEW_JOBS = new Columns<NewJob>(4, [
  ['id', 'text', ({ id }) => id],
  ['queue', 'text', ({ queue }) => queue],
  ['type', 'text', ({ type }) => type],
  ['payload', 'text', ({ payload }) => payload],
  ['priority', 'smallint', ({ priority }) => priority],
  ['run', 'bigint', ({ run }) => ('at' in run ? run.at : run.inMs)],
  ['is_relative', 'boolean', ({ run }) => !('at' in run)],
  ['max_attempts', 'int', ({ maxAttempts }) => maxAttempts],
  ['key', 'text', ({ key }) => key],
  ['key_until', 'smallint', ({ keyUntil }) => (keyUntil === 'claimed' ? 1 : 0)],
  ['grp', 'text', ({ group }) => group],
  ['tags', 'text', tagsOf],
  ['ext', 'text', ({ ext }) => ext],
  ['state', 'smallint', ({ state }) => codeOf(state)],
  ['e_type', 'text', ({ event }) => event.type],
  ['e_actor', 'text', ({ event }) => event.actor],
  ['e_detail', 'text', ({ event }) => event.detail],
])

const text = (
  isKeyed: boolean,
  answer: string,
): string => `${STAMPED}, u as materialized (select * from ${NEW_JOBS.text}),${
  isKeyed
    ? `
  k as (insert into stint.live_key(queue, key, id) select queue, key, id from u
    where key is not null and u.id <> all(array(select j.id from stint.job j where j.id = any($4::text[]))) order by queue, key
    on conflict do nothing returning id),`
    : ''
}
  n as (insert into stint.job(id, queue, type, payload, priority, run_at, max_attempts, key, key_until, grp, tags, ext, state, version, attempt,
      ev_attempt, created_at, updated_at, tx)
    select u.id, u.queue, u.type, u.payload, u.priority, case when u.is_relative then t.now + u.run else u.run end, u.max_attempts, u.key, u.key_until,
      u.grp, u.tags::text[], u.ext, u.state, 1, 0, 0, t.now, t.now, t.xid from u, t${isKeyed ? ' where u.key is null or u.id in (select id from k)' : ''}
    on conflict (id) do nothing returning id, queue, type, priority, run_at, state, tx, updated_at, key, key_until),
  r as (insert into stint.ready(run_at, version, priority, queue, type, id, frees)
    select run_at, 1, priority, queue, type, id, case when key_until = 1 then key end from n where state = 1),
  e as (insert into stint.event(tx, at, seq, attempt, to_state, job_id, type, actor, detail)
    select t.xid, t.now, 1, 0, u.state, u.id, u.e_type, u.e_actor, u.e_detail from u, t where (u.id in (select id from n)) is true),
  c as (insert into stint.count_delta(n, state, queue) select count(*), state, queue from n group by queue, state)
${answer}`

/** The keys are taken already. */
const INSERT = text(false, `select id from n where ${IN_TIME}`)
const AT_ONCE = `select (select now from t)::float8 as now, ${ENGINE_MS}::float8 as engine, ${IS_HEARD} as heard, ${IN_TIME} as is_in_time,
  case when n.done < cardinality($4::text[]) then n.ids end as done from (select count(*) as done, coalesce(array_agg(id), '{}') as ids from n) n`
const INSERT_AT_ONCE = text(false, AT_ONCE)
const INSERT_KEYED_AT_ONCE = text(true, AT_ONCE)

/** Only inserts, and none whose key has to be looked at together with those of others. */
export const isInsertAtOnce = ({ inserts = [], changes = [], beats = [], claims = [] }: Batch): boolean =>
  inserts.length > 0 &&
  changes.length + beats.length + claims.length === 0 &&
  (inserts.length === 1 || inserts.every(({ key }) => key === null))

interface AtOnce {
  readonly done: Map<string, InsertResult>
  /** What is there under its id, or whose key is held. */
  readonly taken: readonly NewJob[]
  readonly hints: readonly Hint[]
  readonly isHeard: boolean
  readonly engineMs: number
}

export async function insertAtOnce(session: Session, given: readonly NewJob[]): Promise<AtOnce> {
  const sorted = given.length === 1 ? given : [...given].sort((a, b) => (a.id < b.id ? -1 : 1))
  const [row] = await session.stamped<{ now: number; engine: number; heard: boolean; done: string[] | null }>(
    given[0]?.key === null ? INSERT_AT_ONCE : INSERT_KEYED_AT_ONCE,
    ...NEW_JOBS.values(sorted),
  )
  if (row === undefined) throw new Error('an insert told nothing')
  const ids = row.done === null ? null : new Set(row.done)
  const taken = given.filter(({ id }) => ids !== null && !ids.has(id))
  const done = new Map<string, InsertResult>()
  const woken = new Set<string>()
  for (const one of given) {
    if (ids !== null && !ids.has(one.id)) continue
    done.set(one.id, { isNew: true, job: asRead(admit(one, row.now).job) })
    if (one.state === 'queued') woken.add(one.queue)
  }
  return { done, taken, isHeard: row.heard, engineMs: row.engine, hints: Array.from(woken, (queue) => ({ queue })) }
}

/** The jobs that were there; `left`: gone again, or their key was held by one that is not live any more. */
export async function presentOf(
  session: Session,
  taken: readonly NewJob[],
): Promise<{ answers: Map<string, InsertResult>; left: NewJob[] }> {
  const answers = new Map<string, InsertResult>()
  const left: NewJob[] = []
  if (taken.length === 0) return { answers, left }
  const { ids, holders } = await byIdOrKey(
    session,
    taken.map(({ id }) => id),
    taken.filter(({ key }) => key !== null) as Wish[],
  )
  for (const one of taken) {
    const job = ids.get(one.id) ?? (one.key === null ? undefined : holders.get(nameOf(one as Wish)))
    if (job === undefined) left.push(one)
    else answers.set(one.id, { isNew: false, job })
  }
  return { answers, left }
}

/** A job that is inserted and removed over and over by others. */
const TRIES = 20

/** An existing id goes before a key, and of two with one key the first wins (UNIQ-1). */
export async function insert(step: Step, given: readonly NewJob[]): Promise<InsertResult[]> {
  const answers = new Map<string, InsertResult>()
  let open: readonly NewJob[] = given
  for (let tries = 0; open.length > 0; tries++) {
    if (tries === TRIES) throw new Error('ids are taken and removed faster than they can be looked at')
    const there = await byId(
      step.session,
      open.map(({ id }) => id),
    )
    for (const [id, job] of there) answers.set(id, { isNew: false, job })
    open = await insertAbsent(
      step,
      open.filter(({ id }) => !there.has(id)),
      answers,
    )
  }
  return given.map(({ id }) => answers.get(id) as InsertResult)
}

/** Answers with those whose id was taken meanwhile. */
async function insertAbsent(
  step: Step,
  jobs: readonly NewJob[],
  answers: Map<string, InsertResult>,
): Promise<NewJob[]> {
  const firsts = new Map<string, NewJob>()
  for (const job of jobs) if (job.key !== null && !firsts.has(nameOf(job as Wish))) firsts.set(nameOf(job as Wish), job)
  step.point('key')
  const holders = await takeKeys(step, [...firsts.values()] as Wish[])
  const isGranted = (job: NewJob): boolean =>
    job.key === null || (!holders.has(nameOf(job as Wish)) && firsts.get(nameOf(job as Wish)) === job)
  const granted = jobs.filter(isGranted)
  const { done, taken } = await insertGranted(step, granted)
  for (const [id, job] of done) answers.set(id, { isNew: true, job })
  const left: NewJob[] = [...taken]
  const refused: NewJob[] = []
  for (const job of jobs) {
    if (isGranted(job)) continue
    const name = nameOf(job as Wish)
    const first = done.get(firsts.get(name)?.id as string)
    if (holders.has(name)) refused.push(job)
    else if (first !== undefined) answers.set(job.id, { isNew: false, job: first })
    else left.push(job) // the first with this key turned out to be there under its id
  }
  // Who holds the key may have come since the ids were looked for, and the id with it.
  const present = await presentOf(step.session, refused)
  for (const [id, answer] of present.answers) answers.set(id, answer)
  return [...left, ...present.left]
}

async function insertGranted(
  step: Step,
  jobs: readonly NewJob[],
): Promise<{ done: Map<string, JobRecord>; taken: NewJob[] }> {
  const done = new Map<string, JobRecord>()
  if (jobs.length === 0) return { done, taken: [] }
  step.point('record')
  const sorted = [...jobs].sort((a, b) => (a.id < b.id ? -1 : 1))
  const written = new Set(
    (await step.session.stamped<{ id: string }>(INSERT, ...NEW_JOBS.values(sorted))).map(({ id }) => id),
  )
  const taken = jobs.filter(({ id }) => !written.has(id))
  await giveBack(step, taken.filter(({ key }) => key !== null) as Wish[])
  for (const one of jobs) {
    if (!written.has(one.id)) continue
    const { job, event } = admit(one, step.now)
    step.tell(event)
    done.set(one.id, asRead(job))
  }
  return { done, taken }
}

/** As it will be read: Postgres knows no -0 (DATA-4). */
const asRead = (job: JobRecord): JobRecord => ({
  ...job,
  priority: job.priority + 0,
  runAt: job.runAt + 0,
  tags: [...job.tags],
})
