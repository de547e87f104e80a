/** Whose time it is: defaults of the engine, expiry that it does by itself, second readings. */
import type { JobRecord, Ms } from '../../../src/record.js'
import type { Batch, BatchResult, ListQuery, Setting, SettingResult, SettingWrite } from '../../../src/store.js'
import type { Place, Table } from '../../../src/table.js'
import { isTerminal } from '../../../src/transitions.js'
import { broken } from './broken-store.js'
import { lying, misread, OnMemory } from './on-memory.js'

const hostTime = (): Ms => Date.now()

class SortsTheSweepByItsHost extends OnMemory {
  protected override seen(): Table {
    const walk = (query: ListQuery, after: Place | null, now: Ms): Iterable<JobRecord> => {
      const all = this.memory.walk(query, after, now)
      return query.walk === 'lease' && query.overOnly
        ? [...all].filter((job) => (job.lease?.until ?? 0) <= hostTime())
        : all
    }
    return lying(this.memory, { walk })
  }
}

class CreatesByItsHost extends OnMemory {
  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) =>
      this.memory.put(before ? after : { ...after, createdAt: hostTime() }, before, event)
    return lying(this.memory, { put })
  }
}

class SetsByItsHost extends OnMemory {
  protected override seen(): Table {
    const write: Table['write'] = (kind, name, setting: Setting | null) =>
      this.memory.write(kind, name, setting && { ...setting, updatedAt: hostTime() })
    return lying(this.memory, { write })
  }
}

class WaitsByItsHost extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    const ahead = this.at - hostTime()
    const claims = result.claims.map((one) => ({
      ...one,
      nextDueInMs: one.nextDueInMs && Math.max(0, one.nextDueInMs + ahead),
    }))
    return { ...result, claims }
  }
}

class ForgetsTheFinished extends OnMemory {
  #forget(): void {
    this.aside((table) => {
      for (const job of [...table.walk({ walk: 'id', direction: 'asc', limit: 1 }, null, this.at)])
        if (isTerminal(job.state) && (job.finishedAt ?? 0) < this.at - 30 * 86_400_000) table.drop(job)
    })
  }

  protected override async transact<T>(work: (table: Table) => T): Promise<T> {
    this.#forget()
    return super.transact(work)
  }
}

class LosesLeasesByItself extends OnMemory {
  protected override seen(): Table {
    const job: Table['job'] = (id) => {
      const there = this.memory.job(id)
      return there?.lease && there.lease.until <= this.at ? { ...there, lease: null } : there
    }
    return lying(this.memory, { job })
  }
}

class ReadsTheClockForLeases extends OnMemory {
  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) => {
      const ms = after.lease && after.lease !== before?.lease ? after.lease.until - after.updatedAt : null
      const lease = after.lease && ms !== null ? { ...after.lease, until: this.at + ms } : after.lease
      this.memory.put({ ...after, lease }, before, event)
    }
    return lying(this.memory, { put })
  }
}

class ProlongsOnlyIfLonger extends OnMemory {
  protected override write(batch: Batch): Promise<BatchResult> {
    const longer = misread(batch, {
      beats: (beat) => {
        const left = (this.memory.job(beat.id)?.lease?.until ?? 0) - this.at
        return beat.leaseMs === undefined ? beat : { ...beat, leaseMs: Math.max(beat.leaseMs, left) }
      },
    })
    return super.write(longer)
  }
}

class CountsDelaysFromTheLastUpdate extends OnMemory {
  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) => {
      const back = before ? after.updatedAt - this.at : 0
      const isMoved = before && after.runAt !== before.runAt && event?.type !== 'rescheduled'
      this.memory.put(isMoved ? { ...after, runAt: after.runAt + back } : after, before, event)
    }
    return lying(this.memory, { put })
  }
}

class WritesThePastAsNow extends OnMemory {
  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) =>
      this.memory.put(before ? after : { ...after, runAt: Math.max(after.runAt, after.createdAt) }, before, event)
    return lying(this.memory, { put })
  }
}

class IsOverAMillisecondLate extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const late = misread(batch, {
      changes: (change) =>
        change.guard.leaseOver && this.memory.job(change.id)?.lease?.until === this.at
          ? { ...change, guard: { ...change.guard, version: 0 } }
          : change,
    })
    return super.write(late)
  }
}

class RoundsToTheNearest extends OnMemory {
  override async now(): Promise<Ms> {
    await super.now()
    return Math.round(this.clock?.now() ?? hostTime())
  }
}

class ForgetsPauses extends OnMemory {
  override configure(writes: readonly SettingWrite[]): Promise<SettingResult[]> {
    return super.configure(writes)
  }

  protected override seen(): Table {
    const setting: Table['setting'] = (kind, name) => {
      const there = this.memory.setting(kind, name)
      return there && kind === 'paused' && this.at - there.updatedAt > 86_400_000 ? null : there
    }
    return lying(this.memory, { setting })
  }
}

class MeasuresItsClockOnce extends OnMemory {
  readonly #offset = (this.clock?.now() ?? hostTime()) - hostTime()

  override async now(): Promise<Ms> {
    await super.now()
    return Math.floor(hostTime() + this.#offset)
  }
}

export const clocks = [
  broken('the sweep sees what is over by the clock of its host', 'TIME-2', SortsTheSweepByItsHost, {
    draft: 15,
    how: 'any: `lease_until <= Date.now()` in the one query that is not hot',
  }),
  broken('createdAt is by the clock of the engine', 'TIME-2', CreatesByItsHost, {
    how: 'SQL: `created_at DEFAULT now()`, whatever clock was given',
  }),
  broken('settings are dated by the clock of the host', 'TIME-2', SetsByItsHost, {
    how: 'any: `updatedAt: Date.now()` in what is seldom looked at',
  }),
  broken('the time to the next job is counted from the clock of the host', 'CLAIM-6', WaitsByItsHost, {
    how: 'any: `runAt - Date.now()` where the answer is made',
  }),
  broken('finished jobs vanish after thirty days', 'TIME-2', ForgetsTheFinished, {
    how: 'Mongo: a TTL index; Redis: EXPIRE',
  }),
  broken('a lease vanishes when its time is over', 'FENCE-4, TIME-2', LosesLeasesByItself, {
    how: 'Redis: `SET lease:… PX 30000`',
  }),
  broken('the end of a lease is counted from a second reading of the clock', 'TIME-1', ReadsTheClockForLeases, {
    how: 'Postgres: clock_timestamp() twice in one statement',
  }),
  broken('a beat never shortens a lease', 'TIME-6', ProlongsOnlyIfLonger, {
    how: 'SQL: `lease_until = greatest(lease_until, now() + $2)`',
  }),
  broken('delays are counted from updatedAt', 'TIME-5', CountsDelaysFromTheLastUpdate, {
    how: 'any: one `at` for all, made to never fall, and the delay added to it',
  }),
  broken('a time that has passed is written as now', 'TIME-6', WritesThePastAsNow, {
    how: 'SQL: `greatest(run_at, now())`',
  }),
  broken('a lease is over a millisecond after its end', 'TIME-4', IsOverAMillisecondLate, {
    how: 'SQL: `lease_until < now()` in the guard, `<=` in the sweep',
  }),
  broken('now() is rounded to the nearest millisecond', 'TIME-3', RoundsToTheNearest, {
    how: 'Postgres: `extract(epoch …) * 1000` cast to bigint',
  }),
  broken('a pause ends after a day', 'TIME-2', ForgetsPauses, {
    how: 'Redis: SET … EX 86400, so that nothing stays paused by mistake',
  }),
  broken('now() is measured once, when the store is opened', 'TIME-7', MeasuresItsClockOnce, {
    how: 'any: the offset to the server’s clock is kept, to save a round trip',
  }),
]
