import type { Removal } from '@stint/core'
import { Columns } from './columns.js'
import { IN_TIME, STAMPED, type Step } from './step.js'

const REMOVALS = new Columns<Removal>(4, [
  ['id', 'text', ({ id }) => id],
  ['version', 'int', ({ version }) => version],
])
const REMOVE = `${STAMPED}, u as materialized (select * from ${REMOVALS.text}),
  l as materialized (select j.id from stint.job j join u on u.id = j.id
    where j.id = any($4::text[]) and j.version = u.version and j.state >= 4 order by j.id for update of j),
  d as (delete from stint.job j using t where j.id = any(array(select id from l)) returning j.id, j.version, j.queue, j.state, j.finished_at),
  ev as (delete from stint.event where job_id = any(array(select id from d))),
  e as (delete from stint.ended where ctid = any(array(select e.rc from d, lateral (select e.ctid as rc from stint.ended e
    where e.state = d.state and e.finished_at = d.finished_at and e.id = d.id limit 1) e))),
  c as (insert into stint.count_delta(n, state, queue) select -count(*), state, queue from d group by queue, state)
select id, version from d where ${IN_TIME}`

export async function remove(step: Step, jobs: readonly Removal[]): Promise<boolean[]> {
  const sorted = [...jobs].sort((a, b) => (a.id < b.id ? -1 : 1))
  step.point('remove')
  const gone = new Set((await step.session.stamped<Removal>(REMOVE, ...REMOVALS.values(sorted))).map(nameOf))
  // A job that is named twice is removed once.
  return jobs.map((job) => gone.delete(nameOf(job)))
}

const nameOf = ({ id, version }: Removal): string => `${id} ${version}`
