/**
 * The line of a lane: queued jobs by priority, then due time, then id. It is walked by bands, one priority after the other: within a band the
 * due jobs are a range of the index, so jobs for later never stand in the way, however many there are and whatever their priority.
 *
 * `queue` and `types` are parameters; types null: all that have queued jobs, found by hopping through the index. Limits are literals: behind
 * a parameter the planner expects a tenth of everything and sorts it.
 */
export interface Line {
  readonly queue: string
  readonly types: string
}

/** CTEs `ty(type)` and `b(type, pr)`: which bands there are, none unless `isOpen`. Each is one probe of the index. */
export const bands = ({ queue, types }: Line, isOpen = 'true'): string => `
  hop(type) as (
    (select type from stint.ready where ${types}::text[] is null and queue = ${queue}::text order by type limit 1)
    union all
    select (select r.type from stint.ready r where r.queue = ${queue}::text and r.type > hop.type order by r.type limit 1) from hop where hop.type is not null),
  ty(type) as materialized (select type from hop where type is not null and ${isOpen}
    union select x from unnest(${types}::text[]) as x where ${isOpen}),
  b(type, pr) as (
    select ty.type, (select r.priority from stint.ready r where r.queue = ${queue}::text and r.type = ty.type order by r.priority desc limit 1) from ty
    union all
    select b.type, (select r.priority from stint.ready r where r.queue = ${queue}::text and r.type = b.type and r.priority < b.pr order by r.priority desc limit 1)
    from b where b.pr is not null)`

/** The same for one type. */
export const bandsOfOne = ({ queue, types }: Line, isOpen: string): string => `
  b(type, pr) as (
    select x.type, (select r.priority from stint.ready r where r.queue = ${queue}::text and r.type = x.type order by r.priority desc limit 1)
    from (select (${types}::text[])[1] as type) x where ${isOpen}
    union all
    select b.type, (select r.priority from stint.ready r where r.queue = ${queue}::text and r.type = b.type and r.priority < b.pr order by r.priority desc limit 1)
    from b where b.pr is not null)`

/**
 * The first of the line behind a place, as a subquery with `rc, priority, run_at, id, version`. `until`: due at or before it. Nothing is locked, so
 * a caller locks what it takes of them by `rc`.
 */
export const firstOf = (
  { queue }: Line,
  until: string,
  limit: number,
  after?: { pr: string; at: string; id: string },
): string => `
  select l.* from (select distinct pr from b where pr is not null${after ? ` and pr <= ${after.pr}::int` : ''} order by pr desc) p,
    lateral (select x.* from b, lateral (
        select r.ctid as rc, r.priority, r.run_at, r.id, r.version from stint.ready r
        where r.queue = ${queue}::text and r.type = b.type and r.priority = b.pr and r.run_at <= ${until}${
          after
            ? ` and (r.run_at, r.id) > (case when b.pr = ${after.pr}::int then ${after.at}::bigint else -1 end, ${after.id})`
            : ''
        }
        order by r.run_at, r.id limit ${limit}) x
      where b.pr = p.pr order by x.run_at, x.id limit ${limit}) l
  limit ${limit}`

/** When the first of the line that is due later becomes due. */
export const nextOf = ({ queue }: Line, now: string): string => `
  select min(l.run_at) from b, lateral (
    select r.run_at from stint.ready r where r.queue = ${queue}::text and r.type = b.type and r.priority = b.pr and r.run_at > ${now}
    order by r.run_at limit 1) l where b.pr is not null`
