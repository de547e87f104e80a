/** Unique keys and known ids, as a row beside the job, an index or an upsert makes them. */
import type { EventRecord, JobRecord } from '../../../src/record.js'
import type { Batch, BatchResult, JobRef, Removal } from '../../../src/store.js'
import type { Table } from '../../../src/table.js'
import { isTerminal } from '../../../src/transitions.js'
import { broken } from './broken-store.js'
import { lying, OnMemory } from './on-memory.js'

const named = (queue: string, key: string): string => `${queue}\n${key}`

/** Keys as entries of their own, which are freed by name. */
abstract class KeepsKeysBeside extends OnMemory {
  protected readonly freed = new Set<string>()

  protected abstract frees(after: JobRecord | null, before: JobRecord): string | null

  protected override seen(): Table {
    const { memory } = this
    return lying(memory, {
      put: (after, before, event) => {
        memory.put(after, before, event)
        const freed = before && this.frees(after, before)
        if (freed) this.freed.add(freed)
        if (!before && after.key !== null) this.freed.delete(named(after.queue, after.key))
      },
      drop: (job) => {
        memory.drop(job)
        const freed = this.frees(null, job)
        if (freed) this.freed.add(freed)
      },
      holder: (queue, key) => (this.freed.has(named(queue, key)) ? null : memory.holder(queue, key)),
    })
  }
}

class FreesKeysOfTheRemoved extends KeepsKeysBeside {
  protected override frees(after: JobRecord | null, before: JobRecord): string | null {
    return after === null && before.key !== null ? named(before.queue, before.key) : null
  }
}

class FreesKeysOfTheNext extends KeepsKeysBeside {
  readonly #first = new Map<string, string>()

  protected override frees(after: JobRecord | null, before: JobRecord): string | null {
    if (before.key !== null) this.#first.set(before.id, named(before.queue, before.key))
    return after && isTerminal(after.state) && !isTerminal(before.state) ? (this.#first.get(before.id) ?? null) : null
  }
}

class LooksForKeysByType extends OnMemory {
  #type: string | null = null

  protected override async write(batch: Batch): Promise<BatchResult> {
    const { inserts = [], ...rest } = batch
    const results = []
    for (const job of inserts) {
      this.#type = job.type
      results.push(...(await super.write({ inserts: [job] })).inserts)
    }
    this.#type = null
    return { ...(await super.write(rest)), inserts: results }
  }

  protected override seen(): Table {
    const holder: Table['holder'] = (queue, key) => {
      const id = this.memory.holder(queue, key)
      return id !== null && this.#type !== null && this.memory.job(id)?.type !== this.#type ? null : id
    }
    return lying(this.memory, { holder })
  }
}

class AnswersWithTheGiven extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    const inserts = result.inserts.map((one, n) => {
      const given = batch.inserts?.[n]
      return one.isNew || !given
        ? one
        : { ...one, job: { ...one.job, payload: given.payload, priority: given.priority } }
    })
    return { ...result, inserts }
  }
}

class AnswersWithAHead extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    const inserts = result.inserts.map((one) =>
      one.isNew ? one : { ...one, job: { ...one.job, payload: null, result: null } },
    )
    return { ...result, inserts }
  }
}

class TouchesWhatItMeets extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    for (const { isNew, job } of result.inserts) {
      const there = isNew ? null : this.memory.job(job.id)
      if (there)
        this.aside((table) => table.put({ ...there, updatedAt: Math.max(this.at, there.updatedAt) }, there, null))
    }
    return result
  }
}

class TellsOfEachInsert extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    for (const [n, { isNew, job }] of result.inserts.entries()) {
      const [there, given] = [this.memory.job(job.id), batch.inserts?.[n]]
      if (isNew || !there || !given || job.id !== given.id) continue
      const event: EventRecord = {
        ...(this.memory.events(job.id, 0, 1)[0] as EventRecord),
        ...given.event,
        seq: there.version + 1,
        from: there.state,
        to: there.state,
      }
      this.aside((table) => table.put({ ...there, version: there.version + 1 }, there, event))
    }
    return result
  }
}

class UpdatesWhatItMeets extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    for (const [n, { isNew, job }] of result.inserts.entries()) {
      const [there, given] = [this.memory.job(job.id), batch.inserts?.[n]]
      if (!isNew && there && given?.id === job.id && there.state === 'queued')
        this.aside((table) => table.put({ ...there, payload: given.payload }, there, null))
    }
    return result
  }
}

class LosesKeysAfterAnHour extends OnMemory {
  protected override seen(): Table {
    const holder: Table['holder'] = (queue, key) => {
      const id = this.memory.holder(queue, key)
      return id !== null && this.at - (this.memory.job(id)?.createdAt ?? 0) > 3_600_000 ? null : id
    }
    return lying(this.memory, { holder })
  }
}

class GetsTheLastOfAKey extends OnMemory {
  override async get(refs: readonly JobRef[]): Promise<(JobRecord | null)[]> {
    const found = await super.get(refs)
    return found.map((job, n) => {
      const ref = refs[n]
      if (job || !ref || typeof ref === 'string') return job
      return (
        [...this.memory.walk({ walk: 'id', direction: 'desc', limit: 1 }, null, this.at)].find(
          ({ queue, key }) => queue === ref.queue && key === ref.key,
        ) ?? null
      )
    })
  }
}

class FindsIdsBehindKeys extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    const inserts = result.inserts.map((one, n) => {
      const given = batch.inserts?.[n]
      const id = !one.isNew && given?.key ? this.memory.holder(given.queue, given.key) : null
      const job = id === null ? null : this.memory.job(id)
      return job ? { ...one, job } : one
    })
    return { ...result, inserts }
  }
}

class AnswersTrueForTheMissing extends OnMemory {
  override async remove(jobs: readonly Removal[]): Promise<boolean[]> {
    const there = jobs.map(({ id }) => this.memory.job(id) !== null)
    return (await super.remove(jobs)).map((removed, n) => removed || !there[n])
  }
}

class RemovesUpToAVersion extends OnMemory {
  override remove(jobs: readonly Removal[]): Promise<boolean[]> {
    return super.remove(
      jobs.map(({ id, version }) => ({ id, version: Math.min(version, this.memory.job(id)?.version ?? version) })),
    )
  }
}

export const keysOfOthers = [
  broken(
    'the removal of an old job frees the key of the one that has it now',
    'UNIQ-1, UNIQ-5',
    FreesKeysOfTheRemoved,
    { how: 'Redis: the script of the removal deletes `unique:…` without asking whose it is' },
  ),
  broken('the end of a job frees the key that it once had', 'UNIQ-1', FreesKeysOfTheNext, {
    how: 'Redis: keyUntil `claimed` freed it, another took it, and the settle deletes it once more',
  }),
  broken('a key is of its type', 'UNIQ-1', LooksForKeysByType, { how: 'SQL: `UNIQUE (queue, type, key)`' }),
  broken('an insert of a known id is answered with what was given', 'IDEM-1', AnswersWithTheGiven, {
    how: 'SQL: ON CONFLICT DO NOTHING, and the answer made from the parameters',
  }),
  broken('a job that was there is answered without its bodies', 'IDEM-1', AnswersWithAHead, {
    how: 'SQL: the read after a conflict has the columns that lists show',
  }),
  broken('an insert that meets a job touches its updatedAt', 'ATOM-2, IDEM-1', TouchesWhatItMeets, {
    how: 'Postgres: ON CONFLICT DO UPDATE SET updated_at, for the sake of RETURNING',
  }),
  broken('an insert of a known id writes an event', 'IDEM-1', TellsOfEachInsert, {
    draft: 17,
    how: 'SQL: the second INSERT of the statement does not look at the first',
  }),
  broken('an insert of a known id replaces its payload', 'IDEM-1', UpdatesWhatItMeets, {
    how: 'SQL: ON CONFLICT (id) DO UPDATE SET payload = excluded.payload',
  }),
  broken('a key is lost after an hour', 'UNIQ-2, TIME-2', LosesKeysAfterAnHour, { how: 'Redis: SET … NX EX 3600' }),
  broken('get by key finds jobs that are over', 'UNIQ-5', GetsTheLastOfAKey, {
    how: 'SQL: `WHERE key = $1 ORDER BY id DESC LIMIT 1`',
  }),
  broken('a key goes before a known id', 'UNIQ-1', FindsIdsBehindKeys, {
    how: 'SQL: the unique index on the key is the first to conflict',
  }),
  broken('a removal of what is not there says true', 'REMOVE-1', AnswersTrueForTheMissing, {
    how: 'any: a delete is idempotent, so it is thought to have worked',
  }),
  broken('a removal under a version still to come removes', 'REMOVE-1', RemovesUpToAVersion, {
    how: 'SQL: `version <= $2`',
  }),
]
