import { admit } from '../../../src/kit.js'
import type { Batch, BatchResult, Removal, SettingResult, SettingWrite } from '../../../src/store.js'
import type { Table } from '../../../src/table.js'
import { broken } from './broken-store.js'
import { gap, lying, misread, OnMemory } from './on-memory.js'

class InsertsOver extends OnMemory {
  protected override write(batch: Batch): Promise<BatchResult> {
    this.aside((table) => {
      for (const { id } of batch.inserts ?? []) {
        const there = table.job(id)
        if (there) table.drop(there)
      }
    })
    return super.write(batch)
  }
}

class ChecksKeysThenInserts extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const [job] = batch.inserts ?? []
    if (!job || job.key === null || this.memory.holder(job.queue, job.key) !== null) return super.write(batch)
    await gap()
    const written = admit(job, this.at)
    this.aside((table) => table.put(written.job, null, written.event))
    return { inserts: [{ isNew: true, job: written.job }], changes: [], beats: [], claims: [] }
  }
}

class FreesKeysAtTheClaim extends OnMemory {
  protected override seen(): Table {
    const holder: Table['holder'] = (queue, key) => {
      const id = this.memory.holder(queue, key)
      return id !== null && this.memory.job(id)?.lease ? null : id
    }
    return lying(this.memory, { holder })
  }
}

class KeepsKeysAfterDeath extends OnMemory {
  readonly #last = new Map<string, string>()

  protected override seen(): Table {
    const { memory } = this
    const named = (queue: string, key: string): string => `${queue}\n${key}`
    return lying(memory, {
      put: (after, before, event) => {
        if (after.key !== null) this.#last.set(named(after.queue, after.key), after.id)
        memory.put(after, before, event)
      },
      holder: (queue, key) => {
        const id = this.#last.get(named(queue, key))
        return id !== undefined && memory.job(id) ? id : null
      },
    })
  }
}

class StealsKeysAtRetry extends OnMemory {
  #isChanging = false

  protected override async write(batch: Batch): Promise<BatchResult> {
    const { inserts } = await super.write({ inserts: batch.inserts ?? [] })
    this.#isChanging = true
    const rest = super.write({ ...batch, inserts: [] })
    this.#isChanging = false // the memory store has run the call by now
    return { ...(await rest), inserts }
  }

  protected override seen(): Table {
    const holder: Table['holder'] = (queue, key) => (this.#isChanging ? null : this.memory.holder(queue, key))
    return lying(this.memory, { holder })
  }
}

class SharesKeysBetweenQueues extends OnMemory {
  protected override seen(): Table {
    const { memory } = this
    const holder: Table['holder'] = (queue, key) =>
      memory.holder(queue, key) ??
      memory
        .counts()
        .map((other) => memory.holder(other.queue, key))
        .find((id) => id !== null) ??
      null
    return lying(memory, { holder })
  }
}

class RemovesByAgeAlone extends OnMemory {
  override remove(jobs: readonly Removal[]): Promise<boolean[]> {
    return super.remove(jobs.map(({ id, version }) => ({ id, version: this.memory.job(id)?.version ?? version })))
  }
}

class RemovesLiveJobs extends OnMemory {
  override async remove(jobs: readonly Removal[]): Promise<boolean[]> {
    return this.aside((table) =>
      jobs.map(({ id, version }) => {
        const job = table.job(id)
        if (job?.version !== version) return false
        table.drop(job)
        return true
      }),
    )
  }
}

class ForgetsIfVersion extends OnMemory {
  override configure(writes: readonly SettingWrite[]): Promise<SettingResult[]> {
    return super.configure(writes.map(({ ifVersion: _, ...write }) => write))
  }
}

class WritesPayloadsAgain extends OnMemory {
  protected override write(batch: Batch): Promise<BatchResult> {
    const again = misread(batch, {
      inserts: (job) => ({ ...job, payload: job.payload && JSON.stringify(JSON.parse(job.payload)) }),
    })
    return super.write(again)
  }
}

class TakesNullForNothing extends OnMemory {
  protected override write(batch: Batch): Promise<BatchResult> {
    return super.write(
      misread(batch, { inserts: (job) => ({ ...job, payload: job.payload === 'null' ? null : job.payload }) }),
    )
  }
}

class EvaluatesText extends OnMemory {
  protected override write(batch: Batch): Promise<BatchResult> {
    const evaluated = misread(batch, {
      inserts: (job) => {
        const of = (text: string | null): string | null =>
          text?.startsWith('$') ? (Object.entries(job).find(([name]) => name === text.slice(1))?.[1] ?? null) : text
        return { ...job, group: of(job.group) }
      },
    })
    return super.write(evaluated)
  }
}

export const keysAndRemoval = [
  broken('an insert of a known id overwrites the job', 'IDEM-1', InsertsOver, {
    draft: 17,
    how: 'Redis: HSET and ZADD without a look; SQLite: INSERT OR REPLACE',
  }),
  broken('a key is looked up, then the job inserted in a second step', 'UNIQ-4, UNIQ-1', ChecksKeysThenInserts, {
    draft: 18,
    how: 'any without a unique index: find, then insert',
  }),
  broken('a key is free from the claim on', 'UNIQ-2, UNIQ-5', FreesKeysAtTheClaim, {
    draft: 19,
    how: "SQL: the unique index is partial on `state = 'queued'`",
  }),
  broken('a key is kept after its job is over', 'UNIQ-2, UNIQ-5', KeepsKeysAfterDeath, {
    draft: 19,
    how: 'SQL: the unique index is not partial; Redis: nothing deletes the key of a job that died',
  }),
  broken('a retry takes a key that another holds', 'UNIQ-3', StealsKeysAtRetry, {
    draft: 20,
    how: 'Redis: HSET of the key at the retry where HSETNX was meant',
  }),
  broken('a key is shared by all queues', 'UNIQ-1', SharesKeysBetweenQueues, { how: 'SQL: `UNIQUE (key)`' }),
  broken('a removal looks at no version', 'REMOVE-1', RemovesByAgeAlone, {
    draft: 23,
    how: 'SQL: `DELETE … WHERE finished_at < $1`, of a list that was read before',
  }),
  broken('a removal takes live jobs as well', 'REMOVE-1', RemovesLiveJobs, {
    how: 'SQL: `DELETE … WHERE id = $1 AND version = $2`: the version is thought to be enough',
  }),
  broken('a setting is written whatever its version', 'SET-1', ForgetsIfVersion, {
    how: 'any: an upsert, and the condition left to the caller',
  }),
  broken('a payload is parsed and written again', 'DATA-1', WritesPayloadsAgain, {
    draft: 24,
    how: 'Postgres jsonb, BSON, cjson',
  }),
  broken('the payload null is taken for none', 'DATA-4', TakesNullForNothing, {
    how: 'any: `payload ?? null` after JSON.parse',
  }),
  broken('text that looks like a field is evaluated', 'DATA-3', EvaluatesText, {
    how: 'Mongo: values in an update pipeline without `$literal`',
  }),
]
