import { byClaimOrder } from '../../../src/kit.js'
import type { JobRecord } from '../../../src/record.js'
import type { Batch, BatchResult, ListQuery, StoreOptions } from '../../../src/store.js'
import type { Place, Table } from '../../../src/table.js'
import { broken } from './broken-store.js'
import { gap, lying, misread, OnMemory } from './on-memory.js'
import { seenBy, takeStale } from './two-step-claim.js'

class ClaimsInTwoSteps extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const { claims = [] } = batch
    const seen = claims.map((claim) => seenBy(claim, this.memory, this.at))
    if (claims.length > 0) await gap()
    const result = await super.write(batch)
    const answers = result.claims.map((answer, n) => {
      const [claim, jobs] = [claims[n], seen[n]]
      if (!claim || !jobs) return answer
      const room = claim.max - answer.jobs.length
      const stale = this.aside((table) => takeStale(claim, jobs, room, table, this.at))
      return { ...answer, jobs: [...answer.jobs, ...stale] }
    })
    return { ...result, claims: answers }
  }
}

class CountsByEntryAlone extends OnMemory {
  protected override write(batch: Batch): Promise<BatchResult> {
    return super.write(misread(batch, { claims: (claim) => ({ ...claim, max: 500 }) }))
  }
}

class AnswersInThePlansOrder extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    const stored = (jobs: readonly JobRecord[]): JobRecord[] => [...jobs].sort((a, b) => (a.id < b.id ? -1 : 1))
    return { ...result, claims: result.claims.map((claim) => ({ ...claim, jobs: stored(claim.jobs) })) }
  }
}

class AnswersIdsInClaimOrder extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    return { ...result, claims: result.claims.map((claim) => ({ ...claim, jobs: [...claim.jobs].sort(byClaimOrder) })) }
  }
}

class WakesTooLate extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    return { ...result, claims: result.claims.map((claim) => ({ ...claim, nextDueInMs: claim.nextDueInMs || null })) }
  }
}

class ForgetsBodies extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    const claims = result.claims.map((claim) => ({
      ...claim,
      jobs: claim.jobs.map((job) => ({ ...job, payload: null })),
    }))
    return { ...result, claims }
  }
}

/** The claim walk in an order of its own. */
abstract class WalksOtherwise extends OnMemory {
  protected abstract line(jobs: JobRecord[]): JobRecord[]

  protected override seen(): Table {
    const walk = (query: ListQuery, after: Place | null, now: number): Iterable<JobRecord> => {
      const honest = this.memory.walk(query, after, now)
      return query.walk === 'claim' && query.dueOnly ? this.line([...honest]) : honest
    }
    return lying(this.memory, { walk })
  }
}

class OldestFirst extends WalksOtherwise {
  protected override line(jobs: JobRecord[]): JobRecord[] {
    return jobs.sort((a, b) => a.runAt - b.runAt || byClaimOrder(a, b))
  }
}

class TiesByLanguage extends WalksOtherwise {
  protected override line(jobs: JobRecord[]): JobRecord[] {
    return jobs.sort((a, b) => b.priority - a.priority || a.runAt - b.runAt || a.id.localeCompare(b.id, 'en'))
  }
}

class PromotesInSlices extends WalksOtherwise {
  protected override line(jobs: JobRecord[]): JobRecord[] {
    const slice = jobs.sort((a, b) => a.runAt - b.runAt || byClaimOrder(a, b)).slice(0, 500)
    return slice.sort(byClaimOrder)
  }
}

class SendsReleasedToTheBack extends OnMemory {
  protected override write(batch: Batch): Promise<BatchResult> {
    const back = misread(batch, {
      changes: (change) =>
        change.set.state === 'queued' && !change.set.run
          ? { ...change, set: { ...change.set, run: { inMs: 0 } } }
          : change,
    })
    return super.write(back)
  }
}

class HasAClockOfItsOwn extends OnMemory {
  constructor(options: StoreOptions, space: string) {
    super({ ...options, clock: undefined }, space)
  }
}

class ProlongsFromTheOldEnd extends OnMemory {
  protected override write(batch: Batch): Promise<BatchResult> {
    const longer = misread(batch, {
      beats: (beat) => {
        const until = this.memory.job(beat.id)?.lease?.until ?? this.at
        return beat.leaseMs === undefined ? beat : { ...beat, leaseMs: beat.leaseMs + until - this.at }
      },
    })
    return super.write(longer)
  }
}

class TakesMoreWhenAskedAgain extends OnMemory {
  protected override write(batch: Batch): Promise<BatchResult> {
    return super.write(misread(batch, { claims: ({ again: _, ...claim }) => claim }))
  }
}

class PausesQueuesOnly extends OnMemory {
  #byIds = false

  protected override write(batch: Batch): Promise<BatchResult> {
    this.#byIds = (batch.claims ?? []).some(({ from }) => from.some((entry) => 'ids' in entry))
    return super.write(batch)
  }

  protected override seen(): Table {
    const setting: Table['setting'] = (kind, name) =>
      kind === 'paused' && this.#byIds ? null : this.memory.setting(kind, name)
    return lying(this.memory, { setting })
  }
}

export const claimsAndOrder = [
  broken('a claim looks, then takes in a second step', 'CLAIM-2', ClaimsInTwoSteps, {
    draft: 10,
    how: 'SQL: a SELECT without FOR UPDATE, then UPDATEs by id alone',
  }),
  broken('a claim has a limit per entry and none in all', 'CLAIM-3', CountsByEntryAlone, {
    draft: 11,
    how: 'SQL: a UNION of limited SELECTs, one per entry',
  }),
  broken('a claim answers without payloads', 'CLAIM-4', ForgetsBodies, {
    how: 'SQL: RETURNING lists the columns that lists show',
  }),
  broken('an entry of ids is answered in claim order', 'CLAIM-5', AnswersIdsInClaimOrder, {
    how: 'SQL: one ORDER BY for both kinds of entry',
  }),
  broken('a claim that reached its bound says that nothing is known to come', 'CLAIM-6', WakesTooLate, {
    how: 'any: the time to the next is asked for only when nothing was taken',
  }),
  broken('runAt goes before priority', 'ORDER-1', OldestFirst, {
    draft: 12,
    how: 'SQL: the index of scheduled jobs serves the claim as well',
  }),
  broken('ids are compared as words of a language', 'ORDER-1', TiesByLanguage, {
    how: 'Postgres: `id text` in a database of collation en_US',
  }),
  broken('due jobs are promoted in slices', 'ORDER-1', PromotesInSlices, {
    draft: 13,
    how: 'Redis: what fell due is moved from the delayed set to the ready one, 500 a call',
  }),
  broken('a claim answers in another order than it took', 'ORDER-2', AnswersInThePlansOrder, {
    how: 'Postgres: UPDATE … RETURNING answers in the order of its join',
  }),
  broken('a release sets runAt to now', 'ORDER-3', SendsReleasedToTheBack, {
    draft: 14,
    how: 'any: one way back to `queued`, `run_at = now() + delay` with a delay of 0',
  }),
  broken('the clock that was given is not used', 'TIME-2, TIME-6, TIME-7', HasAClockOfItsOwn, {
    draft: 15,
    how: 'any: Date.now() in the process that calls',
  }),
  broken('a beat prolongs from the old end', 'TIME-6', ProlongsFromTheOldEnd, {
    how: 'SQL: `lease_until = lease_until + $2`',
  }),
  broken('`again` takes new jobs', 'IDEM-2', TakesMoreWhenAskedAgain, {
    draft: 16,
    how: 'any: the flag came later, and the claim never learned of it',
  }),
  broken('a paused queue still serves claims by ids', 'PAUSE-1', PausesQueuesOnly, {
    draft: 25,
    how: 'any: the pause is joined by the queue of the entry, and an entry of ids has none',
  }),
]
