/** Events and the feed, as sequences, joins and streams keep them. */
import type { EventRecord, JobRecord } from '../../../src/record.js'
import type { Batch, BatchResult, EventsQuery, FeedPage, FeedQuery, Hint, Restored } from '../../../src/store.js'
import type { Positioned, Table } from '../../../src/table.js'
import { broken } from './broken-store.js'
import { gap, lying, OnMemory } from './on-memory.js'

/** Each event as it is written otherwise. */
abstract class TellsOtherwise extends OnMemory {
  protected abstract told(event: EventRecord, after: JobRecord, before: JobRecord | null): EventRecord

  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) =>
      this.memory.put(after, before, event && this.told(event, after, before))
    return lying(this.memory, { put })
  }
}

class TellsTheTimeOfTheClock extends TellsOtherwise {
  protected override told(event: EventRecord): EventRecord {
    return { ...event, at: this.at }
  }
}

class TellsTheAttemptAfterwards extends TellsOtherwise {
  protected override told(event: EventRecord, after: JobRecord): EventRecord {
    return { ...event, attempt: after.attempt }
  }
}

class TellsNoWorkerAtTheEnd extends TellsOtherwise {
  protected override told(event: EventRecord, after: JobRecord): EventRecord {
    return { ...event, workerId: after.lease?.workerId ?? null, fence: after.lease?.fence ?? null }
  }
}

class NumbersByMax extends OnMemory {
  #greatest = new Map<string, number>()

  protected override async write(batch: Batch): Promise<BatchResult> {
    const snapshot = new Map((batch.changes ?? []).map(({ id }) => [id, this.memory.events(id, 0, 10_001).length]))
    await gap(1)
    this.#greatest = snapshot
    return super.write(batch)
  }

  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) => {
      const greatest = this.#greatest.get(after.id)
      this.memory.put(after, before, event && greatest !== undefined ? { ...event, seq: greatest + 1 } : event)
    }
    return lying(this.memory, { put })
  }
}

class CountsBeats extends OnMemory {
  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) =>
      this.memory.put(event || !before ? after : { ...after, version: after.version + 1 }, before, event)
    return lying(this.memory, { put })
  }
}

class TellsOfEachBeat extends OnMemory {
  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) => {
      const last = this.memory.events(after.id, after.version - 1, 1)[0]
      if (event || !before || !last) this.memory.put(after, before, event)
      else {
        const version = after.version + 1
        const { state, lease, attempt } = after
        const told: EventRecord = {
          ...last,
          seq: version,
          at: after.updatedAt,
          type: 'heartbeat',
          from: state,
          to: state,
          attempt,
          fence: lease?.fence ?? null,
          workerId: lease?.workerId ?? null,
        }
        this.memory.put({ ...after, version }, before, told)
      }
    }
    return lying(this.memory, { put })
  }
}

class SortsEventsAsText extends OnMemory {
  override async events(jobId: string, { afterSeq = 0, limit }: EventsQuery): Promise<EventRecord[]> {
    return [...this.memory.events(jobId, 0, 10_001)]
      .sort((a, b) => (String(a.seq) < String(b.seq) ? -1 : 1))
      .filter(({ seq }) => seq > afterSeq)
      .slice(0, limit)
  }
}

class JoinsTheJob extends OnMemory {
  override async events(jobId: string, query: EventsQuery): Promise<EventRecord[]> {
    const job = this.memory.job(jobId)
    const events = await super.events(jobId, query)
    return events.map((event) => (event.type === 'leased' && job ? { ...event, attempt: job.attempt } : event))
  }
}

class KeepsEventsOfTheRemoved extends OnMemory {
  readonly #gone = new Map<string, EventRecord[]>()

  protected override seen(): Table {
    const { memory } = this
    return lying(memory, {
      drop: (job) => {
        this.#gone.set(job.id, [...memory.events(job.id, 0, 10_000)])
        memory.drop(job)
      },
      events: (jobId, afterSeq, limit) =>
        memory.job(jobId)
          ? memory.events(jobId, afterSeq, limit)
          : (this.#gone.get(jobId) ?? []).slice(afterSeq, afterSeq + limit),
    })
  }
}

/** The feed in an order of its own; a cursor is a place in it. */
abstract class FeedsBy extends OnMemory {
  protected abstract key(event: EventRecord, position: number): string

  override async feed({ after, limit }: FeedQuery): Promise<FeedPage> {
    const all = this.memory
      .feed(0, 1_000_000)
      .map(({ event, position }) => ({ event, key: this.key(event, position) }))
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    const end = all.at(-1)?.key ?? ''
    const from = after === 'start' ? '' : after === 'end' ? end : after
    const rest = all.filter(({ key }) => key > from)
    const page = rest.slice(0, limit)
    return {
      events: page.map(({ event, key }) => ({ ...event, cursor: key })),
      cursor: page.at(-1)?.key ?? from,
      caughtUp: page.length === rest.length,
    }
  }
}

const padded = (number: number): string => String(number).padStart(16, '0')

class FeedsByTime extends FeedsBy {
  protected override key({ at, jobId, seq }: EventRecord): string {
    return `${padded(at)} ${jobId} ${padded(seq)}`
  }
}

class FeedsByTimeAlone extends FeedsBy {
  protected override key({ at }: EventRecord): string {
    return padded(at)
  }
}

class FeedsByTransaction extends OnMemory {
  readonly #xids = new Map<EventRecord, number>()
  #begun = 0
  #xid = 0

  protected override async write(batch: Batch): Promise<BatchResult> {
    const xid = ++this.#begun
    await gap(xid % 3)
    this.#xid = xid
    return super.write(batch)
  }

  protected override seen(): Table {
    const all = (): Positioned[] =>
      this.memory
        .feed(0, 1_000_000)
        .map(({ event, position }) => ({
          event,
          position: (this.#xids.get(event) ?? 0) * 10_000 + (position % 10_000),
        }))
        .sort((a, b) => a.position - b.position)
    return lying(this.memory, {
      put: (after, before, event) => {
        if (event) this.#xids.set(event, this.#xid)
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

class PositionsByMax extends OnMemory {
  readonly #positions = new Map<EventRecord, number>()

  #all(): Positioned[] {
    return this.memory
      .feed(0, 1_000_000)
      .map(({ event }) => ({ event, position: this.#positions.get(event) ?? 0 }))
      .sort((a, b) => a.position - b.position)
  }

  protected override seen(): Table {
    return lying(this.memory, {
      put: (after, before, event) => {
        if (event) this.#positions.set(event, (this.#all().at(-1)?.position ?? 0) + 1)
        this.memory.put(after, before, event)
      },
      feed: (after, limit) =>
        this.#all()
          .filter(({ position }) => position > after)
          .slice(0, limit),
      end: () => Math.max(this.#all().at(-1)?.position ?? 0, 0),
    })
  }

  override feed(query: FeedQuery): Promise<FeedPage> {
    // A cursor that stands behind the last event there is now is no mistake of its reader.
    const end = this.#all().at(-1)?.position ?? 0
    const { after } = query
    return Number(after) > end ? super.feed({ ...query, after: String(end) }) : super.feed(query)
  }
}

class KeepsAThousandInTheFeed extends OnMemory {
  protected override seen(): Table {
    const feed: Table['feed'] = (after, limit) => this.memory.feed(Math.max(after, this.memory.end() - 1000), limit)
    return lying(this.memory, { feed })
  }
}

class FeedsLater extends OnMemory {
  protected override seen(): Table {
    const feed: Table['feed'] = (after, limit) =>
      this.memory.feed(after, limit).filter(({ event }) => event.at < this.at)
    return lying(this.memory, { feed })
  }
}

class StopsAtAPageOfTheRemoved extends OnMemory {
  readonly #gone: Positioned[] = []

  protected override seen(): Table {
    return lying(this.memory, {
      drop: (job) => {
        this.#gone.push(...this.memory.feed(0, 1_000_000).filter(({ event }) => event.jobId === job.id))
        this.memory.drop(job)
      },
    })
  }

  override async feed(query: FeedQuery): Promise<FeedPage> {
    const after = query.after === 'start' ? 0 : Number(query.after)
    const gone = this.#gone.filter(({ position }) => position > after && position <= after + query.limit).length
    if (query.after === 'end' || gone < query.limit) return super.feed(query)
    return { events: [], cursor: query.after === 'start' ? '0' : query.after, caughtUp: true }
  }
}

class HintsWithTokens extends OnMemory {
  protected override hint(hint: Hint): void {
    const held = [...this.memory.walk({ walk: 'lease', limit: 1 }, null, this.at)].find(
      ({ queue }) => queue === hint.queue,
    )
    super.hint(held ? ({ ...hint, lease: held.lease } as Hint) : hint)
  }
}

class RestoresNoFeed extends OnMemory {
  readonly #restored = new Set<string>()

  override restore(jobs: readonly Restored[]): Promise<boolean[]> {
    for (const { job } of jobs) if (!this.memory.job(job.id)) this.#restored.add(job.id)
    return super.restore(jobs)
  }

  protected override seen(): Table {
    const feed: Table['feed'] = (after, limit) =>
      this.memory.feed(after, limit).filter(({ event }) => !this.#restored.has(event.jobId))
    return lying(this.memory, { feed })
  }
}

class KeepsTheTagsItWasGiven extends OnMemory {
  #given: Batch = {}

  protected override write(batch: Batch): Promise<BatchResult> {
    this.#given = batch
    return super.write(batch)
  }

  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) => {
      const tags = before ? null : this.#given.inserts?.find(({ id }) => id === after.id)?.tags
      this.memory.put(tags ? { ...after, tags } : after, before, event)
    }
    return lying(this.memory, { put })
  }
}

export const histories = [
  broken('the time of an event is that of a clock that stepped back', 'TIME-5', TellsTheTimeOfTheClock, {
    how: 'SQL: `at DEFAULT now()` in the table of events',
  }),
  broken('the attempt of an event is the one after the step', 'ATOM-4', TellsTheAttemptAfterwards, {
    how: 'SQL: the event is inserted from RETURNING, which has the new row',
  }),
  broken('the event that ends a lease does not name it', 'ATOM-4', TellsNoWorkerAtTheEnd, {
    how: 'SQL: the event is inserted from RETURNING, where the lease is null by now',
  }),
  broken('the number of an event is MAX + 1', 'ATOM-3', NumbersByMax, {
    draft: 7,
    how: 'Postgres: `SELECT max(seq) + 1` in a statement whose snapshot is older than the row it waits for',
  }),
  broken('a beat counts the version up', 'ATOM-3', CountsBeats, {
    how: 'Mongo, ORM: optimistic concurrency, `$inc: { version: 1 }` at each save',
  }),
  broken('a beat writes an event', 'ATOM-3, FENCE-1', TellsOfEachBeat, { how: 'SQL: a trigger that logs each UPDATE' }),
  broken('events are sorted as text', 'EVENT-2', SortsEventsAsText, {
    how: 'LevelDB, LMDB, DynamoDB: the number in the key is not padded',
  }),
  broken('an event tells what the job is now', 'EVENT-2', JoinsTheJob, {
    how: 'SQL: what an event has in common with its job is joined, to save space',
  }),
  broken('the events of a removed job can be read', 'REMOVE-2', KeepsEventsOfTheRemoved, {
    how: 'SQL: no ON DELETE CASCADE; the feed joins the job, `events` does not',
  }),
  broken('the feed is in the order of time, job and number', 'FEED-1', FeedsByTime, {
    how: 'SQL: keyset over (at, job_id, seq): what comes in the same millisecond sorts before the cursor',
  }),
  broken('the cursor of the feed is a time', 'FEED-1', FeedsByTimeAlone, { how: 'any: `WHERE at > $1`' }),
  broken('the feed is in the order of transactions', 'FEED-1, FEED-2', FeedsByTransaction, {
    how: 'Postgres: the key is txid_current(), and readers do not stop at the oldest that is open',
  }),
  broken('a feed position is MAX + 1', 'FEED-3', PositionsByMax, {
    how: 'SQLite: INTEGER PRIMARY KEY without AUTOINCREMENT',
  }),
  broken('the feed keeps its last thousand events', 'FEED-1', KeepsAThousandInTheFeed, {
    how: 'Redis: XADD MAXLEN ~ 1000',
  }),
  broken('the feed holds back what is new, and says that it has caught up', 'FEED-4', FeedsLater, {
    how: 'any: `AND at < now()`, as a guard against late commits',
  }),
  broken('the feed ends where a page of it was removed', 'FEED-5', StopsAtAPageOfTheRemoved, {
    how: 'Redis: HMGET of a page of positions gives nothing, which is taken for the end',
  }),
  broken('a hint shows the token', 'FENCE-5', HintsWithTokens, { how: 'Postgres: NOTIFY with row_to_json(job)' }),
  broken('restored events are not in the feed', 'RESTORE-1, FEED-1', RestoresNoFeed, {
    how: 'SQL: COPY into the table of events, with the positions of the old database',
  }),
  broken('a store keeps the tags of its caller', 'READ-2', KeepsTheTagsItWasGiven, {
    how: 'memory, and every cache that is filled at the write',
  }),
]
