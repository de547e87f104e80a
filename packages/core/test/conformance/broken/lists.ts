/** Lists, as keyset conditions and index choices go wrong. */
import type { JobRecord, Ms } from '../../../src/record.js'
import type { Count, ListPage, ListQuery } from '../../../src/store.js'
import { type Place, placeOf, type Table } from '../../../src/table.js'
import { broken } from './broken-store.js'
import { lying, OnMemory } from './on-memory.js'

/** Where a walk goes on, by a condition of its own. */
abstract class GoesOn extends OnMemory {
  protected abstract skips(query: ListQuery, job: Place, after: Place): boolean

  protected override seen(): Table {
    const walk = (query: ListQuery, after: Place | null, now: Ms): Iterable<JobRecord> => {
      if (!after) return this.memory.walk(query, after, now)
      return [...this.memory.walk(query, null, now)].filter(
        (job) => !this.skips(query, placeOf(query.walk, job), after),
      )
    }
    return lying(this.memory, { walk })
  }
}

const isBehind = (a: Place, b: Place): boolean =>
  a.priority !== b.priority ? a.priority < b.priority : a.at !== b.at ? a.at > b.at : a.id > b.id
const isDescending = (query: ListQuery): boolean => 'direction' in query && query.direction === 'desc'

class ForgetsTheIdInItsCursor extends GoesOn {
  protected override skips(query: ListQuery, job: Place, after: Place): boolean {
    if (query.walk === 'id') return isDescending(query) ? job.id >= after.id : job.id <= after.id
    if (query.walk === 'claim')
      return job.priority > after.priority || (job.priority === after.priority && job.at <= after.at)
    return isDescending(query) ? job.at >= after.at : job.at <= after.at
  }
}

class MixesDirections extends GoesOn {
  protected override skips(query: ListQuery, job: Place, after: Place): boolean {
    if (query.walk !== 'finished' || query.direction === 'asc')
      return isDescending(query) ? !isBehind(after, job) : !isBehind(job, after)
    return job.at > after.at || (job.at === after.at && job.id <= after.id)
  }
}

class LooksForEachPart extends GoesOn {
  protected override skips(query: ListQuery, job: Place, after: Place): boolean {
    if (query.walk === 'claim')
      return job.priority > after.priority || job.at < after.at || (job.at === after.at && job.id <= after.id)
    return isDescending(query) ? !isBehind(after, job) : !isBehind(job, after)
  }
}

class BeginsAtItsCursor extends GoesOn {
  protected override skips(query: ListQuery, job: Place, after: Place): boolean {
    const isThere = job.id === after.id && job.at === after.at
    return !isThere && (isDescending(query) ? !isBehind(after, job) : !isBehind(job, after)) && query.walk === 'lease'
      ? true
      : query.walk !== 'lease' && (isDescending(query) ? !isBehind(after, job) : !isBehind(job, after))
  }
}

class SearchesTillThePageIsFull extends OnMemory {
  override async list(query: ListQuery): Promise<ListPage> {
    const jobs: JobRecord[] = []
    let page = await super.list(query)
    for (;;) {
      jobs.push(...page.jobs)
      if (page.cursor === null || jobs.length >= query.limit)
        return { jobs: jobs.slice(0, query.limit), cursor: page.cursor }
      page = await super.list({ ...query, cursor: page.cursor, limit: query.limit - jobs.length })
    }
  }
}

class UsesOneFilter extends OnMemory {
  override list(query: ListQuery): Promise<ListPage> {
    const { types, ...rest } = query
    return super.list(query.tag !== undefined && types ? rest : query)
  }
}

class IncludesTheEnd extends OnMemory {
  override list(query: ListQuery): Promise<ListPage> {
    if (query.walk === 'id' && query.createdTo !== undefined)
      return super.list({ ...query, createdTo: query.createdTo + 1 })
    if (query.walk === 'finished' && query.finishedTo !== undefined)
      return super.list({ ...query, finishedTo: query.finishedTo + 1 })
    return super.list(query)
  }
}

class ListsAHundredAtMost extends OnMemory {
  override async list(query: ListQuery): Promise<ListPage> {
    const page = await super.list({ ...query, limit: Math.min(query.limit, 100) })
    return page.jobs.length < query.limit ? { ...page, cursor: null } : page
  }
}

class ListsSomeBodies extends OnMemory {
  override async list(query: ListQuery): Promise<ListPage> {
    const page = await super.list(query)
    return { ...page, jobs: page.jobs.map((job) => ({ ...job, log: null })) }
  }
}

class ListsWithoutErrors extends OnMemory {
  override async list(query: ListQuery): Promise<ListPage> {
    const page = await super.list(query)
    return query.bodies ? page : { ...page, jobs: page.jobs.map((job) => ({ ...job, error: null, ext: null })) }
  }
}

class HidesLeasesOfTrackedJobs extends OnMemory {
  protected override seen(): Table {
    const counts: Table['counts'] = () => this.memory.counts().filter(({ state }) => state !== 'waiting')
    return lying(this.memory, { counts })
  }
}

class CountsByEstimate extends OnMemory {
  override async stats(): Promise<Count[]> {
    return (await super.stats()).map((one) =>
      one.count < 1000 ? one : { ...one, count: Math.round(one.count / 100) * 100 },
    )
  }
}

class ReadsAnyCursor extends OnMemory {
  override list(query: ListQuery): Promise<ListPage> {
    const { cursor, ...rest } = query
    return super.list(cursor?.startsWith(`${query.walk}:`) ? query : rest).catch(() => super.list(rest))
  }
}

class ReadsCursorsOfOtherWalks extends OnMemory {
  override list(query: ListQuery): Promise<ListPage> {
    const { cursor } = query
    return super.list(cursor?.includes(':') ? { ...query, cursor: cursor.replace(/^[a-z]+/, query.walk) } : query)
  }
}

export const lists = [
  broken('a cursor has no id', 'LIST-2', ForgetsTheIdInItsCursor, {
    how: 'SQL: `WHERE finished_at > $1`: a page that ends between equals skips the rest of them',
  }),
  broken('a cursor mixes two directions', 'LIST-1', MixesDirections, {
    how: 'SQL: `ORDER BY finished_at DESC, id` and `(finished_at, id) < ($1, $2)`',
  }),
  broken('a cursor compares each part by itself', 'LIST-2', LooksForEachPart, {
    how: 'SQL: `priority <= $1 AND (run_at, id) > ($2, $3)` for a row value of mixed directions',
  }),
  broken('a page of leases begins with the last of the one before', 'LIST-2', BeginsAtItsCursor, {
    how: 'Redis: ZRANGEBYSCORE from the score, inclusive',
  }),
  broken('a list searches until its page is full', 'LIST-3', SearchesTillThePageIsFull, {
    how: 'SQL: the filter in the WHERE, the LIMIT behind it: one call reads a million rows',
  }),
  broken('of two filters one is used', 'LIST-1', UsesOneFilter, {
    how: 'Redis: the index of the tag is chosen, and the type is forgotten',
  }),
  broken('the end of a range is part of it', 'LIST-1', IncludesTheEnd, { how: 'SQL: BETWEEN' }),
  broken('a page has a hundred at most, and is then the last', 'LIST-3', ListsAHundredAtMost, {
    how: 'any: a cap on the limit, and `rows.length < limit` for the end',
  }),
  broken('lists with bodies leave out the log', 'LIST-5', ListsSomeBodies, {
    how: 'SQL: the log is in a table of its own, which the list does not join',
  }),
  broken('lists without bodies leave out errors as well', 'LIST-5', ListsWithoutErrors, {
    how: 'Mongo: the projection names what is small, and `error` was forgotten',
  }),
  broken('jobs that wait are not counted', 'COUNT-1', HidesLeasesOfTrackedJobs, {
    how: 'Redis: a count is the size of a queue’s set, and what waits is in none',
  }),
  broken('large counts are estimates', 'COUNT-1', CountsByEstimate, { how: 'Postgres: reltuples, beyond a thousand' }),
  broken('a cursor that cannot be read begins anew', 'READ-3', ReadsAnyCursor, {
    how: 'any: `decode(cursor) ?? first`: who follows it starts over, and over',
  }),
  broken('a cursor of another walk is followed', 'READ-3', ReadsCursorsOfOtherWalks, {
    how: 'any: a cursor is a sort key, and does not say of which walk',
  }),
]
