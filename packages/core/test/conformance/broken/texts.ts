/** Text and numbers as the types and collations of engines keep them. */
import type { EventRecord, JobRecord } from '../../../src/record.js'
import type {
  Batch,
  BatchResult,
  Change,
  ClaimFrom,
  ListPage,
  ListQuery,
  NewJob,
  Setting,
  SettingResult,
  SettingWrite,
} from '../../../src/store.js'
import type { Table } from '../../../src/table.js'
import { broken } from './broken-store.js'
import { lying, misread, OnMemory } from './on-memory.js'

/** Each record as a column type, an index or a driver would give it back. */
abstract class Stores extends OnMemory {
  protected record(job: JobRecord): JobRecord {
    return job
  }

  protected event(event: EventRecord): EventRecord {
    return event
  }

  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) =>
      this.memory.put(this.record(after), before, event && this.event(event))
    return lying(this.memory, { put })
  }
}

class SortsTags extends Stores {
  protected override record(job: JobRecord): JobRecord {
    return { ...job, tags: [...new Set(job.tags)].sort() }
  }
}

class JoinsTags extends Stores {
  protected override record(job: JobRecord): JobRecord {
    return { ...job, tags: job.tags.length === 0 ? [] : job.tags.join(',').split(',') }
  }
}

class CutsDetails extends Stores {
  protected override event(event: EventRecord): EventRecord {
    return { ...event, detail: event.detail?.slice(0, 8000) ?? null }
  }
}

class CutsErrors extends Stores {
  protected override record(job: JobRecord): JobRecord {
    return {
      ...job,
      error: job.error?.slice(0, 65_535) ?? null,
      progress: job.progress?.slice(0, 65_535) ?? null,
    }
  }
}

class KeepsSmallNumbers extends Stores {
  protected override record(job: JobRecord): JobRecord {
    return { ...job, maxAttempts: Math.min(job.maxAttempts, 32_767) }
  }
}

class EndsIn2038 extends Stores {
  protected override record(job: JobRecord): JobRecord {
    return { ...job, runAt: Math.min(job.runAt, (2 ** 31 - 1) * 1000) }
  }
}

class TrimsText extends Stores {
  protected override record(job: JobRecord): JobRecord {
    return { ...job, group: job.group?.trimEnd() ?? null, key: job.key?.trimEnd() ?? null }
  }
}

/** Names as an index compares them: what folds to one name is one name. */
abstract class Folds extends OnMemory {
  readonly #first = new Map<string, string>()

  protected one(kind: string, text: string, folded: string): string {
    const name = `${kind}\n${folded}`
    const first = this.#first.get(name) ?? text
    this.#first.set(name, first)
    return first
  }
}

class FoldsIds extends Folds {
  protected override write(batch: Batch): Promise<BatchResult> {
    const id = <T extends { id: string }>(item: T): T => ({
      ...item,
      id: this.one('id', item.id, item.id.toLowerCase()),
    })
    return super.write(misread(batch, { inserts: id<NewJob>, changes: id<Change>, beats: id }))
  }
}

class FoldsQueues extends OnMemory {
  protected override write(batch: Batch): Promise<BatchResult> {
    const queues = (): string[] => [...new Set(this.memory.counts().map(({ queue }) => queue))]
    const folded = misread(batch, {
      claims: (claim) => ({
        ...claim,
        from: claim.from.flatMap((entry): ClaimFrom[] =>
          'ids' in entry
            ? [entry]
            : queues()
                .filter((queue) => queue.toLowerCase() === entry.queue.toLowerCase())
                .map((queue) => ({ ...entry, queue })),
        ),
      }),
    })
    return super.write(folded)
  }
}

class FoldsTypes extends OnMemory {
  protected override seen(): Table {
    const walk: Table['walk'] = (query, after, now) => this.memory.walk(query, after, now)
    return lying(this.memory, { walk })
  }

  protected override write(batch: Batch): Promise<BatchResult> {
    const types = (): string[] => [
      ...new Set([...this.memory.walk({ walk: 'id', direction: 'asc', limit: 1 }, null, 0)].map(({ type }) => type)),
    ]
    const folded = misread(batch, {
      claims: (claim) => ({
        ...claim,
        from: claim.from.map((entry) => {
          if ('ids' in entry || !entry.types) return entry
          const wanted = entry.types.map((type) => type.toLowerCase())
          return { ...entry, types: types().filter((type) => wanted.includes(type.toLowerCase())) }
        }),
      }),
    })
    return super.write(folded)
  }
}

/** The holder of a key, by keys that an index takes for one. */
abstract class FoldsKeys extends OnMemory {
  protected abstract folded(queue: string, key: string, type: string): string

  protected override seen(): Table {
    const { memory } = this
    const holder: Table['holder'] = (queue, key) => {
      for (const job of memory.walk({ walk: 'id', direction: 'asc', limit: 1 }, null, this.at)) {
        if (job.key === null || memory.holder(job.queue, job.key) !== job.id) continue
        if (this.folded(job.queue, job.key, job.type) === this.folded(queue, key, job.type)) return job.id
      }
      return null
    }
    return lying(memory, { holder })
  }
}

class ComposesKeys extends FoldsKeys {
  protected override folded(queue: string, key: string): string {
    return `${queue}\n${key.normalize('NFC')}`
  }
}

class JoinsQueueAndKey extends FoldsKeys {
  protected override folded(queue: string, key: string): string {
    return `${queue}:${key}`
  }
}

class PadsKeys extends FoldsKeys {
  protected override folded(queue: string, key: string): string {
    return `${queue}\n${key.trimEnd()}`
  }
}

class CutsKeysInTheIndex extends FoldsKeys {
  protected override folded(queue: string, key: string): string {
    return `${queue}\n${key.slice(0, 191)}`
  }
}

class JoinsQueueAndType extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const pairs = (): JobRecord[] => [...this.memory.walk({ walk: 'id', direction: 'asc', limit: 1 }, null, 0)]
    const joined = misread(batch, {
      claims: (claim) => ({
        ...claim,
        from: claim.from.flatMap((entry) => {
          if ('ids' in entry || !entry.types) return [entry]
          const wanted = entry.types.map((type) => `${entry.queue}:${type}`)
          const alike = pairs().filter(
            ({ queue, type }) => wanted.includes(`${queue}:${type}`) && queue !== entry.queue,
          )
          return [entry, ...alike.map(({ queue, type }) => ({ ...entry, queue, types: [type] }))]
        }),
      }),
    })
    return super.write(joined)
  }
}

class FoldsSettings extends OnMemory {
  override configure(writes: readonly SettingWrite[]): Promise<SettingResult[]> {
    return super.configure(writes.map((write) => ({ ...write, name: write.name.trimEnd() })))
  }
}

class WritesSettingsAgain extends OnMemory {
  override configure(writes: readonly SettingWrite[]): Promise<SettingResult[]> {
    const again = (text: string): string => JSON.stringify(JSON.parse(text))
    return super.configure(writes.map((write) => ({ ...write, value: write.value && again(write.value) })))
  }
}

class SortsSettingsAsWords extends OnMemory {
  override async settings(kind: string): Promise<Setting[]> {
    return (await super.settings(kind)).sort((a, b) => a.name.localeCompare(b.name, 'en'))
  }
}

class KeepsSettingsInAnObject extends OnMemory {
  override async configure(writes: readonly SettingWrite[]): Promise<SettingResult[]> {
    const lost = writes.map(({ name }) => name === '__proto__')
    const kept = await super.configure(writes.filter((_, n) => !lost[n]))
    return lost.map((isLost) => (isLost ? { ok: true, version: 1 } : (kept.shift() as SettingResult)))
  }
}

class WritesOnlyWhatDiffers extends OnMemory {
  override async configure(writes: readonly SettingWrite[]): Promise<SettingResult[]> {
    const same = writes.map(({ kind, name, value, ifVersion }) => {
      const there = this.memory.setting(kind, name)
      return there && there.value === value && (ifVersion ?? there.version) === there.version ? there : null
    })
    const done = await super.configure(writes.filter((_, n) => !same[n]))
    return same.map((one) => (one ? { ok: true, version: one.version } : (done.shift() as SettingResult)))
  }
}

class PausesByTruth extends OnMemory {
  protected override seen(): Table {
    const setting: Table['setting'] = (kind, name) => {
      const there = this.memory.setting(kind, name)
      return kind === 'paused' && there && !JSON.parse(there.value) ? null : there
    }
    return lying(this.memory, { setting })
  }
}

class ReadsWildcards extends OnMemory {
  override async list(query: ListQuery): Promise<ListPage> {
    const { tag, ...rest } = query
    const page = await super.list(rest)
    if (tag === undefined) return page
    const source = tag
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('%', '.*')
      .replaceAll('_', '.')
    return {
      ...page,
      jobs: page.jobs.filter(({ tags }) => tags.some((one) => new RegExp(`^${source}$`, 'u').test(one))),
    }
  }
}

export const texts = [
  broken('tags come back sorted and once each', 'DATA-3', SortsTags, {
    how: 'Redis: tags are a set; Postgres: array_agg(DISTINCT …)',
  }),
  broken('tags are joined by commas', 'DATA-3', JoinsTags, { how: 'SQL: one text column, `tags.join()`' }),
  broken('details of events are cut at 8,000', 'DATA-1', CutsDetails, {
    how: 'Postgres: the payload of NOTIFY is what is kept; SQL Server: VARCHAR(8000)',
  }),
  broken('errors and progress are cut at 64 KiB', 'DATA-1', CutsErrors, { how: 'MySQL: TEXT without strict mode' }),
  broken('maxAttempts is kept in sixteen bits', 'DATA-2', KeepsSmallNumbers, {
    how: 'SQL: SMALLINT, clamped by a CHECK or a driver',
  }),
  broken('time ends in 2038', 'DATA-2', EndsIn2038, { how: 'MySQL: TIMESTAMP; MessagePack: a time of 32 bits' }),
  broken('trailing blanks are trimmed', 'DATA-3', TrimsText, { how: 'SQL: CHAR(n)' }),
  broken('ids that differ in case are one', 'DATA-3', FoldsIds, {
    how: 'MySQL: utf8mb4_0900_ai_ci; SQLite: COLLATE NOCASE',
  }),
  broken('queues that differ in case are one', 'CLAIM-1', FoldsQueues, {
    how: 'Mongo: a collation of strength 2 on the index',
  }),
  broken('types that differ in case are one', 'CLAIM-1', FoldsTypes, { how: 'MySQL: utf8mb4_0900_ai_ci' }),
  broken('keys of one look are one key', 'UNIQ-1', ComposesKeys, {
    how: 'MySQL, Mongo with a collation: é and e + accent are equal',
  }),
  broken('queue and key are joined by a colon', 'UNIQ-1', JoinsQueueAndKey, { how: 'Redis: `unique:${queue}:${key}`' }),
  broken('keys that differ in trailing blanks are one', 'UNIQ-1', PadsKeys, {
    how: 'MySQL: PAD SPACE collations compare so',
  }),
  broken('keys that are alike up to 191 characters are one', 'UNIQ-1', CutsKeysInTheIndex, {
    how: 'MySQL: a prefix index, `UNIQUE (queue, key(191))`',
  }),
  broken('queue and type are joined by a colon', 'CLAIM-1', JoinsQueueAndType, {
    how: 'Redis: `ready:${queue}:${type}`',
  }),
  broken('names of settings lose trailing blanks', 'DATA-3', FoldsSettings, { how: 'SQL: CHAR(n)' }),
  broken('values of settings are parsed and written again', 'DATA-1', WritesSettingsAgain, {
    how: 'Postgres: jsonb, since settings are small',
  }),
  broken('settings are sorted as words', 'SET-2', SortsSettingsAsWords, {
    how: 'Postgres: ORDER BY name in a database of collation en_US',
  }),
  broken('a setting called __proto__ is lost', 'DATA-3', KeepsSettingsInAnObject, {
    how: 'file: settings are read into a plain object',
  }),
  broken('a setting written as it is gets no new version', 'SET-1', WritesOnlyWhatDiffers, {
    how: 'SQL: `ON CONFLICT … DO UPDATE … WHERE value IS DISTINCT FROM excluded.value`',
  }),
  broken('a pause whose value is false or null pauses nothing', 'PAUSE-1', PausesByTruth, {
    how: 'any: the value is parsed and taken for a boolean',
  }),
  broken('a tag is a pattern', 'DATA-3', ReadsWildcards, { how: 'SQL: `tag LIKE $1`' }),
]
