import { StintError } from '../../../src/errors.js'
import { take } from '../../../src/kit.js'
import type { EventRecord } from '../../../src/record.js'
import type { Batch, BatchResult, EventsQuery, FeedPage, FeedQuery, Setting, StoreOptions } from '../../../src/store.js'
import type { Table } from '../../../src/table.js'
import { broken } from './broken-store.js'
import { gap, lying, misread, OnMemory } from './on-memory.js'

class RoundsUp extends OnMemory {
  constructor(options: StoreOptions, space: string) {
    const { clock } = options
    super(clock ? { ...options, clock: { ...clock, now: () => Math.ceil(clock.now()) } } : options, space)
  }
}

class IsDueAMillisecondLate extends OnMemory {
  protected override seen(): Table {
    const walk: Table['walk'] = (query, after, now) =>
      this.memory.walk(query, after, query.walk === 'claim' && query.dueOnly ? now - 1 : now)
    return lying(this.memory, { walk })
  }
}

class StepsBackWithItsClock extends OnMemory {
  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) =>
      this.memory.put({ ...after, updatedAt: this.at }, before, event && { ...event, at: this.at })
    return lying(this.memory, { put })
  }
}

let trips = 0

/** Each item by itself: as many round trips, and readings of the clock, as items. */
class GoesItemByItem extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = { inserts: [], changes: [], beats: [], claims: [] } as Record<keyof Batch, unknown[]>
    for (const part of ['inserts', 'changes', 'beats', 'claims'] as const) {
      for (const item of batch[part] ?? []) {
        trips++
        result[part].push(...(await super.write({ [part]: [item] }))[part])
      }
    }
    return result as unknown as BatchResult
  }
}

class ClaimsBeforeItChanges extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const { claims } = await super.write({ claims: batch.claims ?? [] })
    return { ...(await super.write({ ...batch, claims: [] })), claims }
  }
}

class RefusesBehindARefusal extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    let isRefused = false
    const spoilt = misread(batch, {
      changes: (change) => {
        isRefused ||=
          this.memory.job(change.id)?.version !== (change.guard.version ?? this.memory.job(change.id)?.version)
        return isRefused ? { ...change, guard: { version: 0 } } : change
      },
      beats: (beat) => {
        isRefused ||= this.memory.job(beat.id)?.lease?.token !== beat.token
        return isRefused ? { ...beat, token: 'behind a refusal' } : beat
      },
    })
    return super.write(spoilt)
  }
}

class LagsWithEvents extends OnMemory {
  override async events(jobId: string, query: EventsQuery): Promise<EventRecord[]> {
    const last = this.memory.job(jobId)?.version ?? 0
    return (await super.events(jobId, query)).filter(({ seq }) => seq < last)
  }
}

class FeedsNewestFirst extends OnMemory {
  override async feed(query: FeedQuery): Promise<FeedPage> {
    const page = await super.feed(query)
    return { ...page, events: [...page.events].reverse() }
  }
}

class GivesAThousandSettings extends OnMemory {
  override async settings(kind: string): Promise<Setting[]> {
    return (await super.settings(kind)).slice(0, 1000)
  }
}

class CutsLongKeys extends OnMemory {
  protected override write(batch: Batch): Promise<BatchResult> {
    return super.write(misread(batch, { inserts: (job) => ({ ...job, key: job.key?.slice(0, 200) ?? null }) }))
  }
}

class PassesOverTheFirst extends OnMemory {
  #claiming = 0
  #isCrowded = false

  protected override async write(batch: Batch): Promise<BatchResult> {
    if (!batch.claims?.length) return super.write(batch)
    this.#claiming++
    this.#isCrowded ||= this.#claiming > 1
    await gap()
    const result = await super.write(batch)
    this.#claiming--
    this.#isCrowded &&= this.#claiming > 0
    return result
  }

  protected override seen(): Table {
    const walk: Table['walk'] = (query, after, now) => {
      const line = this.memory.walk(query, after, now)
      return query.walk === 'claim' && query.dueOnly && this.#isCrowded ? [...line].slice(2) : line
    }
    return lying(this.memory, { walk })
  }
}

class EmptiesItselfWhenOpened extends OnMemory {
  override async open(): Promise<void> {
    await super.open()
    this.aside((table) => {
      for (const job of [...table.walk({ walk: 'id', direction: 'asc', limit: 1 }, null, this.at)]) table.drop(job)
    })
  }
}

class LeavesHalfAWrite extends OnMemory {
  protected override async transact<T>(work: (table: Table) => T): Promise<T> {
    try {
      return work(this.memory)
    } finally {
      this.memory.commit()
    }
  }
}

class NeverRecovers extends OnMemory {
  #isDown = false

  protected override async transact<T>(work: (table: Table) => T): Promise<T> {
    if (this.#isDown) throw new StintError('STORE_UNAVAILABLE', 'The store is down, for good.', { store: this.name })
    try {
      return await super.transact(work)
    } catch (error) {
      this.#isDown = true
      throw error
    }
  }
}

let looks = 0
const counted = <T>(items: Iterable<T>): T[] => {
  const all = [...items]
  looks += all.length
  return all
}

class LooksAtAllThatIsQueued extends OnMemory {
  protected override seen(): Table {
    const walk: Table['walk'] = (query, after, now) => {
      if (query.walk !== 'claim' || !query.dueOnly) return this.memory.walk(query, after, now)
      const { types: _, dueOnly: __, ...all } = query
      return counted(this.memory.walk(all, after, now))
    }
    return lying(this.memory, { walk })
  }
}

class CountsByLooking extends OnMemory {
  protected override seen(): Table {
    const counts: Table['counts'] = () => {
      counted(this.memory.walk({ walk: 'id', direction: 'asc', limit: 1 }, null, this.at))
      return this.memory.counts()
    }
    return lying(this.memory, { counts })
  }
}

let kept = 0

class KeepsTheBodiesOfTheRemoved extends OnMemory {
  protected override seen(): Table {
    return lying(this.memory, {
      drop: (job) => {
        kept += job.payload?.length ?? 0
        this.memory.drop(job)
      },
    })
  }
}

class TakesAnyLease extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    const claims = result.claims.map((answer, n) => {
      const claim = batch.claims?.[n]
      const ids = claim?.from.flatMap((entry) => ('ids' in entry ? entry.ids : [])) ?? []
      const held = ids.map((id) => this.memory.job(id)).filter((job) => job?.lease)
      if (!claim || answer.jobs.length > 0) return answer
      const jobs = held
        .flatMap((job) => job ?? [])
        .map((before) =>
          this.aside((table) => {
            const { job, event } = take(claim, before, this.at)
            table.put(job, before, event)
            return job
          }),
        )
      return { ...answer, jobs }
    })
    return { ...result, claims }
  }
}

export const timesAndBatches = [
  broken('instants are rounded up', 'TIME-3', RoundsUp, { how: 'Postgres: `ceil(extract(epoch …) * 1000)`' }),
  broken('a job is due a millisecond after its time', 'TIME-4', IsDueAMillisecondLate, {
    how: 'any: `<` where `<=` is meant; Redis: `(now` in ZRANGEBYSCORE',
  }),
  broken('updatedAt falls when the clock steps back', 'TIME-5', StepsBackWithItsClock, {
    how: 'any: `updated_at = now`',
  }),
  broken('each item is a call of its own', 'TIME-1, BATCH-3', GoesItemByItem, {
    how: 'any: a loop with await',
    engine: { trips: () => trips },
  }),
  broken('claims come before changes', 'BATCH-1', ClaimsBeforeItChanges, {
    how: 'any: the claim first, because it is what is waited for',
  }),
  broken('what stands behind a refusal is refused', 'BATCH-2', RefusesBehindARefusal, {
    how: 'Redis: `return` in the middle of the loop of the script',
  }),
  broken('the newest event of a job cannot be read yet', 'EVENT-3', LagsWithEvents, {
    how: 'Mongo: the outbox is copied later, and `events` reads the copy alone',
  }),
  broken('a page of the feed is newest first', 'FEED-2', FeedsNewestFirst, {
    how: 'Redis: XREVRANGE, taken over from the page that shows events',
  }),
  broken('only a thousand settings are given', 'SET-2', GivesAThousandSettings, {
    how: 'SQL: `LIMIT 1000` against accidents; DynamoDB: one page of a scan',
  }),
  broken('keys are cut at 200', 'DATA-2', CutsLongKeys, { how: 'MySQL: VARCHAR(200) without strict mode' }),
  broken('a claim next to another passes over what nobody takes', 'ORDER-4', PassesOverTheFirst, {
    how: 'Postgres: more rows are held FOR UPDATE, to be merged, than are taken, and a neighbour skips them all',
  }),
  broken('open empties the store', 'OPEN-1', EmptiesItselfWhenOpened, {
    how: 'SQL: a migration that begins with DROP TABLE, and is run at each open',
  }),
  broken('a write that fails is left as far as it came', 'FAULT-3, ATOM-1', LeavesHalfAWrite, {
    how: 'Redis: a script that throws in its middle keeps what it wrote',
  }),
  broken('after one failure the store never works again', 'FAULT-4', NeverRecovers, {
    how: 'any: the broken client stays in the pool',
  }),
  broken('a claim looks at all that is queued', 'CLAIM-7', LooksAtAllThatIsQueued, {
    how: 'SQL: the due time and the type are filters behind the index',
    engine: { work: () => looks },
  }),
  broken('stats look at every job', 'COUNT-2', CountsByLooking, {
    how: 'SQL: `SELECT queue, state, count(*) … GROUP BY 1, 2`',
    engine: { work: () => looks },
  }),
  broken('what was removed still takes space', 'REMOVE-3', KeepsTheBodiesOfTheRemoved, {
    how: 'Redis: the hash is deleted, the key of its body is not',
    engine: { size: () => kept },
  }),
  broken('a claim by ids takes what another holds', 'CLAIM-1, CLAIM-2', TakesAnyLease, {
    how: 'SQL: `UPDATE … WHERE id = ANY ($1)`: who names an id is thought to know',
  }),
]
