import type { Setting, SettingResult, SettingWrite } from '@stint/core'
import { Columns } from './columns.js'
import { settingOf } from './read.js'
import { IN_TIME, STAMPED, type Step } from './step.js'

interface Kept {
  readonly kind: string
  readonly name: string
  readonly setting: Setting | null
}
const NAMES = new Columns<Pick<SettingWrite, 'kind' | 'name'>>(1, [
  ['kind', 'text', ({ kind }) => kind],
  ['name', 'text', ({ name }) => name],
])
const KEPT = new Columns<Kept>(4, [
  ['kind', 'text', ({ kind }) => kind],
  ['name', 'text', ({ name }) => name],
  ['value', 'text', ({ setting }) => setting?.value ?? null],
  ['version', 'int', ({ setting }) => setting?.version ?? null],
  ['updated_at', 'bigint', ({ setting }) => setting?.updatedAt ?? null],
])
/** Settings are few and seldom written, so their writers take turns: an absent one cannot be locked by its row. */
const TURN = "select pg_advisory_xact_lock(hashtextextended('stint.setting', 0))"
const CURRENT = `select s.kind, s.name, s.value, s.version, s.updated_at from ${NAMES.text},
  lateral (select * from stint.setting where kind = u.kind and name = u.name limit 1) s`
const KEEP = `${STAMPED}, u as materialized (select * from ${KEPT.text}),
  x as (delete from stint.setting where ctid = any(array(select s.rc from u, lateral (
    select s.ctid as rc from stint.setting s where s.kind = u.kind and s.name = u.name limit 1) s where u.value is null))),
  p as (insert into stint.setting(kind, name, value, version, updated_at)
    select u.kind, u.name, u.value, u.version, u.updated_at from u, t where u.value is not null
    on conflict (kind, name) do update set value = excluded.value, version = excluded.version, updated_at = excluded.updated_at)
select 1 as done from t where ${IN_TIME}`

export async function configure(step: Step, writes: readonly SettingWrite[]): Promise<SettingResult[]> {
  const { session, now } = step
  await session.run(TURN)
  const rows = await session.rows<Parameters<typeof settingOf>[0]>(CURRENT, ...NAMES.values(writes))
  const kept = new Map<string, Kept>()
  const nameOf = ({ kind, name }: { kind: string; name: string }): string => `${kind}\n${name}`
  const before = new Map(rows.map((row) => [nameOf(row), settingOf(row)]))
  const answers = writes.map((write): SettingResult => {
    const { kind, name, value, ifVersion } = write
    const own = kept.get(nameOf(write))
    const current = own ? own.setting : (before.get(nameOf(write)) ?? null)
    const version = current?.version ?? 0
    if (ifVersion !== undefined && ifVersion !== version) return { ok: false, current }
    if (value === null && kind === 'paused') step.wake(name)
    const setting = value === null ? null : { kind, name, value, version: version + 1, updatedAt: now }
    kept.set(nameOf(write), { kind, name, setting })
    return { ok: true, version: setting?.version ?? 0 }
  })
  step.point('setting')
  if (kept.size > 0) await session.stamped(KEEP, ...KEPT.values([...kept.values()]))
  return answers
}
