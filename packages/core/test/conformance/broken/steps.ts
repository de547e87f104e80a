/** What one call does in several steps, between which another gets in. */

import { StintError } from '../../../src/errors.js'
import { apply, beat, holds } from '../../../src/kit.js'
import type { JobRecord } from '../../../src/record.js'
import type {
  Batch,
  BatchResult,
  Beat,
  Change,
  ChangeResult,
  Removal,
  SettingResult,
  SettingWrite,
} from '../../../src/store.js'
import type { Table } from '../../../src/table.js'
import { broken } from './broken-store.js'
import { gap, lying, OnMemory } from './on-memory.js'

class SavesTheWholeRecord extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const { changes = [], beats = [], ...rest } = batch
    if (changes.length + beats.length === 0) return super.write(batch)
    const read = new Map([...changes, ...beats].map(({ id }) => [id, this.memory.job(id)]))
    await gap(1)
    const { inserts } = await super.write({ inserts: rest.inserts ?? [] })
    const answers = {
      changes: await Promise.all(changes.map((change) => this.#change(change, read.get(change.id) ?? null))),
      beats: await Promise.all(beats.map((one) => this.#beat(one, read.get(one.id) ?? null))),
    }
    const { claims } = await super.write({ claims: rest.claims ?? [] })
    return { inserts, ...answers, claims }
  }

  async #change(change: Change, read: JobRecord | null): Promise<ChangeResult> {
    const now = this.memory.job(change.id)
    const isPlain =
      read && now?.version === read.version && holds(change.guard, read, this.at) && change.set.state !== 'queued'
    if (!isPlain) return (await super.write({ changes: [change] })).changes[0] as ChangeResult
    const { job, event } = apply(change, read, this.at)
    this.aside((table) => table.put(job, now, event))
    return { ok: true, job: change.returning ? job : null }
  }

  async #beat(one: Beat, read: JobRecord | null): Promise<ChangeResult> {
    const now = this.memory.job(one.id)
    const isPlain = read && now?.version === read.version && holds({ token: one.token }, read, this.at)
    if (!isPlain) return (await super.write({ beats: [one] })).beats[0] as ChangeResult
    const job = beat(one, read, this.at)
    this.aside((table) => table.put(job, now, null))
    return { ok: true, job: one.returning ? job : null }
  }
}

class ShowsWhatItReadBefore extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const before = new Map((batch.changes ?? []).map(({ id }) => [id, this.memory.job(id)]))
    if (before.size > 0) await gap(1)
    const result = await super.write(batch)
    const changes = result.changes.map((answer): ChangeResult => {
      const job = answer.job && before.get(answer.job.id)
      return answer.ok || answer.why !== 'guard' || !job ? answer : { ...answer, job }
    })
    return { ...result, changes }
  }
}

class HintsBeforeItWrites extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    for (const { queue } of batch.inserts ?? []) this.hint({ queue })
    if (batch.inserts?.length) await gap(1)
    return super.write(batch)
  }
}

class ReadsSettingsThenWrites extends OnMemory {
  override async configure(writes: readonly SettingWrite[]): Promise<SettingResult[]> {
    const judged = writes.map(({ ifVersion, ...write }) => {
      const holds = (this.memory.setting(write.kind, write.name)?.version ?? 0) === ifVersion
      return ifVersion === undefined || holds ? write : { ...write, ifVersion }
    })
    await gap(1)
    return super.configure(judged)
  }
}

class ReadsVersionsThenRemoves extends OnMemory {
  override async remove(jobs: readonly Removal[]): Promise<boolean[]> {
    const judged = jobs.map(({ id, version }) => {
      const job = this.memory.job(id)
      return job?.version === version && job.finishedAt !== null
    })
    await gap(1)
    return this.aside((table) =>
      jobs.map(({ id }, n) => {
        const job = judged[n] ? table.job(id) : null
        if (job) table.drop(job)
        return job !== null
      }),
    )
  }
}

class LooksForKeysThenRetries extends OnMemory {
  #free = new Set<string>()

  protected override async write(batch: Batch): Promise<BatchResult> {
    const keys = (batch.changes ?? []).flatMap(({ id }) => {
      const job = this.memory.job(id)
      return job?.key && job.finishedAt !== null && this.memory.holder(job.queue, job.key) === null
        ? [`${job.queue}\n${job.key}`]
        : []
    })
    if (keys.length > 0) await gap(1)
    this.#free = new Set(keys)
    const result = super.write(batch)
    this.#free = new Set()
    return result
  }

  protected override seen(): Table {
    const holder: Table['holder'] = (queue, key) =>
      this.#free.has(`${queue}\n${key}`) ? null : this.memory.holder(queue, key)
    return lying(this.memory, { holder })
  }
}

class LooksForIdsThenInserts extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const unknown = (batch.inserts ?? []).filter(({ id }) => !this.memory.job(id)).map(({ id }) => id)
    if (unknown.length > 0) await gap(1)
    this.aside((table) => {
      for (const id of unknown) {
        const job = table.job(id)
        if (job) table.drop(job)
      }
    })
    return super.write(batch)
  }
}

class SurfacesAKeyThatWasTaken extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const keyed = (batch.inserts ?? []).filter(
      ({ queue, key }) => key !== null && this.memory.holder(queue, key) === null,
    )
    if (keyed.length > 0) await gap(1)
    if (keyed.some(({ id, queue, key }) => !this.memory.job(id) && this.memory.holder(queue, key ?? '') !== null))
      throw new StintError('STORE_UNAVAILABLE', 'duplicate key value violates a unique constraint', {
        store: this.name,
      })
    return super.write(batch)
  }
}

/** Jobs that calls under way are about, in the order in which they hold them. */
class SurfacesDeadlocks extends OnMemory {
  readonly #held = new Map<string, number>()
  #calls = 0

  protected override async write(batch: Batch): Promise<BatchResult> {
    const ids = (batch.changes ?? []).map(({ id }) => id)
    if (ids.length < 2) return super.write(batch)
    const call = ++this.#calls
    if (ids.some((id) => this.#held.has(id)))
      throw new StintError('STORE_UNAVAILABLE', 'deadlock detected', { store: this.name })
    for (const id of ids) this.#held.set(id, call)
    await gap(1)
    for (const id of ids) this.#held.delete(id)
    return super.write(batch)
  }
}

class LeavesOutTheMissing extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    return { ...result, changes: result.changes.filter((one) => one.ok || one.why !== 'missing') }
  }
}

export const steps = [
  broken('a write saves the whole record that was read under the same version', 'GUARD-3', SavesTheWholeRecord, {
    how: 'ORM, Mongo: optimistic concurrency by `version`, which a beat leaves alone: two beats overwrite each other',
  }),
  broken('a refusal shows the record that was read before', 'GUARD-2', ShowsWhatItReadBefore, {
    how: 'Postgres: the CTE that reads the row sees it as it was before the wait for it',
  }),
  broken('hints come before the commit', 'HINT-1', HintsBeforeItWrites, {
    how: 'Redis: PUBLISH ahead of the script; SQL: the emitter is called inside the transaction',
  }),
  broken('a setting is judged, then written in a second step', 'SET-1', ReadsSettingsThenWrites, {
    how: 'SQL: SELECT, then UPDATE without the version in its WHERE',
  }),
  broken('a removal is judged, then done in a second step', 'REMOVE-1', ReadsVersionsThenRemoves, {
    how: 'SQL: `DELETE … WHERE id = ANY ($1)` of ids that were just read',
  }),
  broken('a retry looks for its key, then writes in a second step', 'UNIQ-3', LooksForKeysThenRetries, {
    how: 'any without a unique index: find, then update',
  }),
  broken('an id is looked up, then the job inserted in a second step', 'IDEM-1', LooksForIdsThenInserts, {
    how: 'any: `exists ? … : put` where a put overwrites',
  }),
  broken('a lost race for a key surfaces as an error', 'UNIQ-4', SurfacesAKeyThatWasTaken, {
    how: 'SQL: the unique violation of a neighbour is not caught and read',
  }),
  broken('a deadlock surfaces', 'GUARD-3', SurfacesDeadlocks, {
    how: 'Postgres, MySQL: rows are updated in the order of the batch, and 40P01 is handed on',
  }),
  broken('a change of an unknown id is left out of the answers', 'GUARD-4', LeavesOutTheMissing, {
    how: 'SQL: the answers are the rows of RETURNING, and a missing job has none',
  }),
]
