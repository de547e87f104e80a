/** What holds inside one process and breaks between two handles. */
import { holds } from '../../../src/kit.js'
import type { EventRecord, JobRecord } from '../../../src/record.js'
import type {
  Batch,
  BatchResult,
  Count,
  JobRef,
  Removal,
  Setting,
  SettingResult,
  SettingWrite,
} from '../../../src/store.js'
import type { Positioned, Table } from '../../../src/table.js'
import { broken } from './broken-store.js'
import { gap, lying, misread } from './on-memory.js'
import { OnShared, placeOf } from './on-shared.js'
import { seenBy, takeStale } from './two-step-claim.js'

class RemembersPauses extends OnShared {
  readonly #known = new Map<string, Setting | null>()

  protected override seen(): Table {
    const setting: Table['setting'] = (kind, name) => {
      if (kind !== 'paused') return this.memory.setting(kind, name)
      const known = this.#known.get(name)
      if (known !== undefined) return known
      const there = this.memory.setting(kind, name)
      this.#known.set(name, there)
      return there
    }
    return lying(this.memory, { setting })
  }

  override configure(writes: readonly SettingWrite[]): Promise<SettingResult[]> {
    this.#known.clear()
    return super.configure(writes)
  }
}

class CountsInItsProcess extends OnShared {
  #counts: Count[] | null = null

  protected override write(batch: Batch): Promise<BatchResult> {
    this.#counts = null
    return super.write(batch)
  }

  override remove(jobs: readonly Removal[]): Promise<boolean[]> {
    this.#counts = null
    return super.remove(jobs)
  }

  override async stats(): Promise<Count[]> {
    this.#counts ??= await super.stats()
    return this.#counts.map((one) => ({ ...one }))
  }
}

class RemembersRecords extends OnShared {
  readonly #known = new Map<string, JobRecord>()

  protected override write(batch: Batch): Promise<BatchResult> {
    this.#known.clear()
    return super.write(batch)
  }

  override async get(refs: readonly JobRef[]): Promise<(JobRecord | null)[]> {
    const read = await super.get(refs)
    return refs.map((ref, n) => {
      const known = (typeof ref === 'string' ? this.#known.get(ref) : null) ?? read[n] ?? null
      if (known) this.#known.set(known.id, known)
      return known && structuredClone(known)
    })
  }
}

interface Late {
  readonly writer: OnShared
  readonly at: number
  readonly before: JobRecord | null
}
const late = new WeakMap<object, Map<string, Late>>()

class ReadsFromAReplica extends OnShared {
  get #late(): Map<string, Late> {
    const there = late.get(this.place.table) ?? new Map<string, Late>()
    late.set(this.place.table, there)
    return there
  }

  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) => {
      this.#late.set(after.id, { writer: this, at: performance.now(), before })
      this.memory.put(after, before, event)
    }
    return lying(this.memory, { put })
  }

  override async get(refs: readonly JobRef[]): Promise<(JobRecord | null)[]> {
    return (await super.get(refs)).map((job) => {
      const one = job && this.#late.get(job.id)
      return one && one.writer !== this && performance.now() - one.at < 5 ? one.before : job
    })
  }
}

class RemembersItsClaims extends OnShared {
  readonly #claimed = new Set<string>()

  protected override write(batch: Batch): Promise<BatchResult> {
    const known = misread(batch, {
      claims: ({ again, ...claim }) => (again && this.#claimed.has(claim.token) ? { ...claim, again } : claim),
    })
    for (const { token } of batch.claims ?? []) this.#claimed.add(token)
    return super.write(known)
  }
}

class RemembersItsKeys extends OnShared {
  readonly #own = new Set<string>()

  protected override seen(): Table {
    return lying(this.memory, {
      put: (after, before, event) => {
        if (!before) this.#own.add(after.id)
        this.memory.put(after, before, event)
      },
      holder: (queue, key) => {
        const id = this.memory.holder(queue, key)
        return id !== null && this.#own.has(id) ? id : null
      },
    })
  }
}

/** One call of this handle after another: what a mutex in a process gives. */
class Mutex {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work, work)
    this.#last = next.catch(() => {})
    return next
  }
}

class ClaimsUnderAMutex extends OnShared {
  readonly #mutex = new Mutex()

  protected override write(batch: Batch): Promise<BatchResult> {
    const { claims = [] } = batch
    if (claims.length === 0) return super.write(batch)
    return this.#mutex.run(async () => {
      const seen = claims.map((claim) => seenBy(claim, this.memory, this.at))
      await gap(1)
      const result = await super.write(batch)
      const answers = result.claims.map((answer, n) => {
        const [claim, jobs] = [claims[n], seen[n]]
        if (!claim || !jobs) return answer
        const room = claim.max - answer.jobs.length
        const stale = this.aside((table) => takeStale(claim, jobs, room, table, this.at))
        return { ...answer, jobs: [...answer.jobs, ...stale] }
      })
      return { ...result, claims: answers }
    })
  }
}

class JudgesUnderAMutex extends OnShared {
  readonly #mutex = new Mutex()

  protected override write(batch: Batch): Promise<BatchResult> {
    if (!batch.changes?.length) return super.write(batch)
    return this.#mutex.run(async () => {
      const judged = misread(batch, {
        changes: (change) => {
          const job = this.memory.job(change.id)
          return job && holds(change.guard, job, this.at) ? { ...change, guard: {} } : change
        },
      })
      await gap(1)
      return super.write(judged)
    })
  }
}

/** Writes the whole record as it was read, where `version` is still the one that was read. */
const blocks = new WeakMap<object, { positions: Map<EventRecord, number>; next: number }>()

class DrawsPositionsInBlocks extends OnShared {
  #next = 0
  #last = -1

  get #sequence(): { positions: Map<EventRecord, number>; next: number } {
    const there = blocks.get(this.place.table) ?? { positions: new Map<EventRecord, number>(), next: 1 }
    blocks.set(this.place.table, there)
    return there
  }

  #draw(): number {
    if (this.#next > this.#last) {
      this.#next = this.#sequence.next
      this.#last = this.#next + 49
      this.#sequence.next += 50
    }
    return this.#next++
  }

  protected override seen(): Table {
    const { positions } = this.#sequence
    const all = (): Positioned[] =>
      this.memory
        .feed(0, 1_000_000)
        .map(({ event }) => ({ event, position: positions.get(event) ?? 0 }))
        .sort((a, b) => a.position - b.position)
    return lying(this.memory, {
      put: (after, before, event) => {
        if (event) positions.set(event, this.#draw())
        this.memory.put(after, before, event)
      },
      feed: (after, limit) =>
        all()
          .filter(({ position }) => position > after)
          .slice(0, limit),
      end: () => this.#sequence.next,
    })
  }
}

class MakesItsTablesTwice extends OnShared {
  protected override async opened(): Promise<void> {
    const place = placeOf(this.space)
    if (place.schema > 0) return super.opened()
    await gap(1)
    if (placeOf(this.space).schema > 0) throw new Error('relation "job" already exists')
    place.schema = 1
  }
}

export const handles = [
  broken('a pause is remembered by each process', 'PAUSE-1', RemembersPauses, {
    how: 'any: a cache of settings, emptied by what the process itself sets',
  }),
  broken('counts are remembered by each process', 'READ-1', CountsInItsProcess, {
    how: 'any: a cache of counts, emptied by what the process itself writes',
  }),
  broken('records are remembered by each process', 'READ-1', RemembersRecords, {
    how: 'ORM: an identity map that lives as long as its connection',
  }),
  broken('reads go to a replica', 'READ-1', ReadsFromAReplica, {
    how: 'SQL, Mongo: `readPreference: secondaryPreferred`, a read endpoint',
  }),
  broken('`again` is known to the process that claimed', 'IDEM-2', RemembersItsClaims, {
    how: 'any: a map from token to ids in memory',
  }),
  broken('unique keys are known to the process that inserted', 'UNIQ-1', RemembersItsKeys, {
    how: 'file, any: a set of keys in memory in place of an index',
  }),
  broken('a claim is serial within its process alone', 'CLAIM-2', ClaimsUnderAMutex, {
    how: 'any: a mutex around find and update',
  }),
  broken('a guard is judged under a mutex of the process', 'GUARD-1', JudgesUnderAMutex, {
    how: 'any: a mutex around find and update',
  }),
  broken('feed positions are drawn in blocks', 'FEED-1', DrawsPositionsInBlocks, {
    how: 'Postgres: `CREATE SEQUENCE … CACHE 50`',
  }),
  broken('tables are made by whoever finds none', 'OPEN-1', MakesItsTablesTwice, {
    how: 'SQL: migrations without an advisory lock, or CREATE TABLE without IF NOT EXISTS',
  }),
]
