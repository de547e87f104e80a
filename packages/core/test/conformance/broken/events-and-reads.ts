import { isStintError } from '../../../src/errors.js'
import type { EventRecord, JobRecord, State } from '../../../src/record.js'
import type {
  Batch,
  BatchResult,
  CallOptions,
  ChangeResult,
  Count,
  EventsQuery,
  FeedPage,
  FeedQuery,
  Hint,
  JobRef,
  ListPage,
  ListQuery,
  Restored,
} from '../../../src/store.js'
import type { Positioned, Table } from '../../../src/table.js'
import { broken } from './broken-store.js'
import { gap, lying, OnMemory } from './on-memory.js'

class TellsAfterwards extends OnMemory {
  protected override async transact<T>(work: (table: Table) => T): Promise<T> {
    const told: [JobRecord, EventRecord][] = []
    const put: Table['put'] = (after, before, event) => {
      this.memory.put(after, before, null)
      if (event) told.push([after, event])
    }
    const answer = this.inTable((table) => work(lying(table, { put })))
    this.failpoint('between the step and its events')
    for (const [job, event] of told) this.inTable((table) => table.put(job, job, event))
    return answer
  }
}

class NumbersByTheGreatest extends OnMemory {
  readonly #greatest = new Map<string, number>()

  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) => {
      const seq = (this.#greatest.get(after.id) ?? 0) + 1
      if (event) this.#greatest.set(after.id, seq)
      this.memory.put(after, before, event && { ...event, seq })
    }
    return lying(this.memory, { put })
  }
}

class TellsWhatTheGuardSaid extends OnMemory {
  #said = new Map<string, State | undefined>()

  protected override write(batch: Batch): Promise<BatchResult> {
    this.#said = new Map((batch.changes ?? []).map(({ id, guard }) => [id, guard.states?.[0]]))
    return super.write(batch)
  }

  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) =>
      this.memory.put(after, before, event && { ...event, from: (before && this.#said.get(after.id)) ?? event.from })
    return lying(this.memory, { put })
  }
}

class TouchesWhatItRefuses extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    const touch = (answer: ChangeResult): void => {
      const job = answer.ok || !answer.job ? null : this.memory.job(answer.job.id)
      if (job) this.aside((table) => table.put({ ...job, updatedAt: this.at }, job, null))
    }
    for (const answer of [...result.changes, ...result.beats]) touch(answer)
    return result
  }
}

class BatchesByParts extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const { inserts } = await super.write({ inserts: batch.inserts ?? [] })
    return { ...(await super.write({ ...batch, inserts: [] })), inserts }
  }
}

class FeedsByRank extends OnMemory {
  protected override seen(): Table {
    const all = (): Positioned[] => this.memory.feed(0, 1_000_000).map(({ event }, n) => ({ event, position: n + 1 }))
    return lying(this.memory, { feed: (after, limit) => all().slice(after, after + limit), end: () => all().length })
  }
}

class FeedsInOrderOfBegin extends OnMemory {
  readonly #positions = new Map<EventRecord, number>()
  #calls = 0
  #position = 0

  protected override async write(batch: Batch): Promise<BatchResult> {
    const begun = ++this.#calls
    if (begun % 2) await gap(2)
    this.#position = begun * 1000
    return super.write(batch)
  }

  protected override seen(): Table {
    const all = (): Positioned[] => {
      const placed = this.memory
        .feed(0, 1_000_000)
        .map(({ event }) => ({ event, position: this.#positions.get(event) ?? 0 }))
      return placed.sort((a, b) => a.position - b.position)
    }
    return lying(this.memory, {
      put: (after, before, event) => {
        if (event) this.#positions.set(event, ++this.#position)
        this.memory.put(after, before, event)
      },
      feed: (after, limit) =>
        all()
          .filter(({ position }) => position > after)
          .slice(0, limit),
      end: () => all().at(-1)?.position ?? 0,
    })
  }
}

class TakesAShortPageForTheEnd extends OnMemory {
  override async feed(query: FeedQuery): Promise<FeedPage> {
    const page = await super.feed({ ...query, limit: Math.min(query.limit, 100) })
    return { ...page, caughtUp: page.events.length < query.limit }
  }
}

class ForgetsOldDetails extends OnMemory {
  override async events(jobId: string, query: EventsQuery): Promise<EventRecord[]> {
    const last = this.memory.job(jobId)?.version ?? 0
    return (await super.events(jobId, query)).map((event) => (event.seq < last ? { ...event, detail: null } : event))
  }
}

class KeepsAHundredEvents extends OnMemory {
  override async events(jobId: string, query: EventsQuery): Promise<EventRecord[]> {
    const last = this.memory.job(jobId)?.version ?? 0
    return (await super.events(jobId, query)).filter(({ seq }) => seq > last - 100)
  }
}

class BeginsAnewAtRetry extends OnMemory {
  override async events(jobId: string, query: EventsQuery): Promise<EventRecord[]> {
    const retried = this.memory.events(jobId, 0, 10_000).findLast(({ type }) => type === 'retried')?.seq ?? 0
    return (await super.events(jobId, query)).filter(({ seq }) => seq >= retried)
  }
}

class HandsOutItsOwn extends OnMemory {
  override async get(refs: readonly JobRef[]): Promise<(JobRecord | null)[]> {
    return refs.map((ref) => {
      const id = typeof ref === 'string' ? ref : this.memory.holder(ref.queue, ref.key)
      return id === null ? null : this.memory.job(id)
    })
  }
}

class CountsRemovedJobs extends OnMemory {
  readonly #gone: Count[] = []

  protected override seen(): Table {
    return lying(this.memory, {
      drop: (job) => {
        this.#gone.push({ queue: job.queue, state: job.state, count: 1 })
        this.memory.drop(job)
      },
      counts: () =>
        this.memory.counts().map((one) => {
          const gone = this.#gone.filter(({ queue, state }) => queue === one.queue && state === one.state).length
          return { ...one, count: one.count + gone }
        }),
    })
  }
}

class PagesByOffset extends OnMemory {
  override async list(query: ListQuery): Promise<ListPage> {
    const { cursor, ...whole } = query
    const from = Number(cursor ?? 0)
    const { jobs } = await super.list({ ...whole, limit: 1000 })
    const to = from + query.limit
    return { jobs: jobs.slice(from, to), cursor: to < jobs.length ? String(to) : null }
  }
}

class ListsOnePageOfWhatIsOver extends OnMemory {
  override async list(query: ListQuery): Promise<ListPage> {
    const page = await super.list(query)
    return query.walk === 'lease' && query.overOnly ? { ...page, cursor: null } : page
  }
}

class EndsAtAShortPage extends OnMemory {
  override async list(query: ListQuery): Promise<ListPage> {
    const page = await super.list(query)
    return page.jobs.length < query.limit ? { ...page, cursor: null } : page
  }
}

class ListsTagsByTheirBeginning extends OnMemory {
  override async list(query: ListQuery): Promise<ListPage> {
    const { tag, ...rest } = query
    const page = await super.list(rest)
    return tag === undefined
      ? page
      : { ...page, jobs: page.jobs.filter(({ tags }) => tags.some((one) => one.startsWith(tag))) }
  }
}

class AlwaysListsBodies extends OnMemory {
  override list(query: ListQuery): Promise<ListPage> {
    return super.list({ ...query, bodies: true })
  }
}

class RestoresInItsOwnTime extends OnMemory {
  override restore(jobs: readonly Restored[]): Promise<boolean[]> {
    return super.restore(jobs.map(({ job, events }) => ({ job: { ...job, createdAt: this.at }, events })))
  }
}

class HintsOfInsertsAlone extends OnMemory {
  #isInserting = false

  protected override async write(batch: Batch): Promise<BatchResult> {
    this.#isInserting = (batch.inserts ?? []).length > 0
    return super.write(batch)
  }

  protected override hint(hint: Hint): void {
    if (this.#isInserting) super.hint(hint)
  }
}

class ClosesAtOnce extends OnMemory {
  protected override async transact<T>(work: (table: Table) => T): Promise<T> {
    await gap(0)
    return super.transact(work)
  }

  override async close(): Promise<void> {
    void super.close()
  }
}

class ThrowsWhatItMeets extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    try {
      return await super.write(batch)
    } catch (error) {
      throw isStintError(error) && error.cause !== undefined ? error.cause : error
    }
  }
}

class IgnoresSignals extends OnMemory {
  override exchange(batch: Batch, options?: CallOptions<never>): Promise<BatchResult> {
    return super.exchange(batch, options && 'tx' in options ? options : {})
  }
}

export const eventsAndReads = [
  broken('events are written after the step', 'ATOM-1', TellsAfterwards, {
    draft: 6,
    how: 'Mongo: insertOne into the events once updateOne has answered',
  }),
  broken('an event is numbered by a counter beside its job', 'ATOM-3, REMOVE-2', NumbersByTheGreatest, {
    how: 'Redis: INCR of a key of its own, which a removal leaves behind',
  }),
  broken('`from` is the first state of the guard', 'ATOM-4', TellsWhatTheGuardSaid, {
    draft: 8,
    how: 'SQL: the event is inserted from the parameters, since RETURNING has the new state alone',
  }),
  broken('a refusal touches updatedAt', 'ATOM-2', TouchesWhatItRefuses, {
    draft: 9,
    how: 'Redis: the script writes `u` before it judges',
  }),
  broken('a batch that is declared atomic is applied in two parts', 'ATOM-5', BatchesByParts, {
    how: 'SQL: inserts by one statement, all else by another, no transaction around both',
  }),
  broken('feed positions are used again after a removal', 'FEED-3, FEED-5', FeedsByRank, {
    draft: 22,
    how: 'Redis: the position is the index in a list that a removal shortens',
  }),
  broken('the feed is in the order in which writes began', 'FEED-1', FeedsInOrderOfBegin, {
    draft: 22,
    how: 'SQL: positions from a sequence, which is drawn before the commit',
  }),
  broken('a page of the feed that was cut says that it has caught up', 'FEED-4', TakesAShortPageForTheEnd, {
    how: 'Redis: COUNT 100 a call, and fewer than asked for means the end',
  }),
  broken('old events lose their detail', 'EVENT-2', ForgetsOldDetails, {
    how: 'any: a job that thins out what is large and old',
  }),
  broken('only the last hundred events are kept', 'EVENT-4', KeepsAHundredEvents, {
    how: 'Redis: LTRIM; Mongo: `$push` with `$slice: -100`',
  }),
  broken('a retry begins a new history', 'EVENT-1', BeginsAnewAtRetry, {
    how: 'SQL: `WHERE seq >= job.retried_at_seq`, so that the page of a job is short',
  }),
  broken('get hands out the store’s own objects', 'READ-2', HandsOutItsOwn, {
    draft: 24,
    how: 'memory, and every cache of records',
  }),
  broken('removed jobs are still counted', 'COUNT-1', CountsRemovedJobs, {
    how: 'any: the counter is moved at each change and forgotten at the removal',
  }),
  broken('lists are paged by offset', 'LIST-2', PagesByOffset, { how: 'SQL: LIMIT and OFFSET' }),
  broken('a short page ends the walk', 'LIST-3', EndsAtAShortPage, {
    how: 'any: `cursor = rows.length < limit ? null : …` before the filter that is no index',
  }),
  broken('the sweep sees one page of what is over', 'LIST-4', ListsOnePageOfWhatIsOver, {
    how: 'SQL: LIMIT without a cursor: what is over is thought to be gone by the next call',
  }),
  broken('a tag matches by its beginning', 'LIST-1', ListsTagsByTheirBeginning, {
    how: 'Redis: ZRANGEBYLEX `[tag` to `[tag\\xff`; Mongo: `/^tag/`',
  }),
  broken('lists always carry bodies', 'LIST-5', AlwaysListsBodies, { how: 'SQL: `SELECT *`' }),
  broken('restored jobs get another birthday', 'RESTORE-1', RestoresInItsOwnTime, {
    how: 'SQL: `created_at DEFAULT now()`, not named in the INSERT',
  }),
  broken('only inserts wake sleepers', 'HINT-1', HintsOfInsertsAlone, {
    how: 'Postgres: NOTIFY in the statement of the insert alone',
  }),
  broken('close does not wait for calls under way', 'CLOSE-1', ClosesAtOnce, {
    how: 'any: the calls under way are not counted, so none is waited for',
  }),
  broken('errors come without a code', 'FAULT-1', ThrowsWhatItMeets, {
    how: 'any: what the driver throws goes straight through',
  }),
  broken('an aborted signal is not looked at', 'FAULT-2', IgnoresSignals, { how: 'any: the option came later' }),
]
