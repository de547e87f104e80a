/** One call on a table: one reading of the clock (TIME-1), judged by the kit, with the hints that it owes once it is committed. */
import { admit, apply, beat, holds, take } from './kit.js'
import { OwedHints } from './owed-hints.js'
import type { EventRecord, JobRecord, Ms } from './record.js'
import { copyJob } from './record-copy.js'
import type {
  Beat,
  Change,
  ChangeResult,
  Claim,
  Hint,
  InsertResult,
  NewJob,
  Removal,
  Restored,
  SettingResult,
  SettingWrite,
} from './store.js'
import type { Table } from './table.js'
import { isTerminal } from './transitions.js'

export class TableCall {
  readonly table: Table
  readonly now: Ms
  readonly #failpoint: (name: string) => void
  readonly #owed = new OwedHints()

  constructor(table: Table, now: Ms, failpoint: (name: string) => void) {
    this.table = table
    this.now = now
    this.#failpoint = failpoint
  }

  /** An id that exists goes before a key that is held (UNIQ-1). */
  insert(given: NewJob): InsertResult {
    const there = this.table.job(given.id) ?? (given.key === null ? null : this.holder(given.queue, given.key))
    if (there) return { isNew: false, job: copyJob(there) }
    return { isNew: true, job: copyJob(this.#put(admit(given, this.now), null)) }
  }

  change(change: Change): ChangeResult {
    const job = this.table.job(change.id)
    if (!job) return { ok: false, why: 'missing', job: null }
    if (!holds(change.guard, job, this.now)) return { ok: false, why: 'guard', job: copyJob(job) }
    const written = apply(change, job, this.now)
    if (isTerminal(job.state) && !isTerminal(written.job.state) && job.key !== null) {
      const holder = this.table.holder(job.queue, job.key)
      if (holder !== null) return { ok: false, why: 'key', job: copyJob(job), holder }
    }
    const after = this.#put(written, job)
    return { ok: true, job: change.returning ? copyJob(after) : null }
  }

  beat(given: Beat): ChangeResult {
    const job = this.table.job(given.id)
    if (!job) return { ok: false, why: 'missing', job: null }
    if (!holds({ token: given.token }, job, this.now)) return { ok: false, why: 'guard', job: copyJob(job) }
    const after = this.#put({ job: beat(given, job, this.now), event: null }, job)
    return { ok: true, job: given.returning ? copyJob(after) : null }
  }

  take(claim: Claim, job: JobRecord): JobRecord {
    return this.#put(take(claim, job, this.now), job)
  }

  /** Only what is over, and only as it was read (REMOVE-1): a job that was retried meanwhile stays. */
  remove({ id, version }: Removal): boolean {
    const job = this.table.job(id)
    if (!job || !isTerminal(job.state) || job.version !== version) return false
    this.table.drop(job)
    this.#failpoint('item')
    return true
  }

  holder(queue: string, key: string): JobRecord | null {
    const id = this.table.holder(queue, key)
    return id === null ? null : this.table.job(id)
  }

  configure({ kind, name, value, ifVersion }: SettingWrite): SettingResult {
    const current = this.table.setting(kind, name)
    const version = current?.version ?? 0
    if (ifVersion !== undefined && ifVersion !== version) return { ok: false, current: current && { ...current } }
    if (value !== null) this.table.write(kind, name, { kind, name, value, version: version + 1, updatedAt: this.now })
    else if (current) this.table.write(kind, name, null)
    if (value === null && kind === 'paused') this.#owed.wake(name)
    this.#failpoint('item')
    return { ok: true, version: value === null ? 0 : version + 1 }
  }

  /** Records and events as they were elsewhere. A live job whose key is held here would be a second one: not restored. */
  restore({ job, events }: Restored): boolean {
    if (this.table.job(job.id)) return false
    if (job.key !== null && !isTerminal(job.state) && this.table.holder(job.queue, job.key) !== null) return false
    const [first = null, ...rest] = events
    const restored = this.#put({ job, event: first && { ...first } }, null)
    for (const event of rest) this.table.put(restored, restored, { ...event })
    return true
  }

  hints(): Hint[] {
    return this.#owed.all()
  }

  #put({ job, event }: { job: JobRecord; event: EventRecord | null }, before: JobRecord | null): JobRecord {
    const after = copyJob(job)
    this.table.put(after, before, event)
    this.#failpoint('item')
    this.#owed.moved({ jobId: after.id, queue: after.queue, from: before?.state ?? null, to: after.state })
    return after
  }
}
