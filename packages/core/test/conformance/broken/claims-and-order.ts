import { byClaimOrder, take } from '../../../src/kit.js'
import type { JobRecord } from '../../../src/record.js'
import type { Batch, BatchResult, ClaimResult, ListQuery, StoreOptions } from '../../../src/store.js'
import type { Place, Table } from '../../../src/table.js'
import { broken, gap, lying, misread, OnMemory } from './on-memory.js'

class ClaimsInTwoSteps extends OnMemory {
  override async exchange(batch: Batch): Promise<BatchResult> {
    const found = (batch.claims ?? []).map(({ max, from }) => {
      const jobs = from.flatMap((entry) =>
        'ids' in entry ? [] : [...this.memory.walk({ walk: 'claim', ...entry, dueOnly: true }, null, this.at)],
      )
      return jobs.slice(0, max)
    })
    await gap()
    const result = await super.exchange({ ...batch, claims: [] })
    const claims = (batch.claims ?? []).map((claim, n): ClaimResult => {
      const jobs = (found[n] ?? []).map(({ id }) => this.#take(claim, id))
      return { jobs, nextDueInMs: 0 }
    })
    return { ...result, claims }
  }

  #take(claim: NonNullable<Batch['claims']>[number], id: string): JobRecord {
    return this.inTable((table) => {
      const before = table.job(id) as JobRecord
      const { job, event } = take(claim, before, this.at)
      table.put(job, before, event)
      return job
    })
  }
}

class HandsOutLeasesThatAreOver extends OnMemory {
  override exchange(batch: Batch): Promise<BatchResult> {
    if (batch.claims?.length) {
      this.inTable((table) => {
        for (const job of [...table.walk({ walk: 'lease', limit: 100 }, null, this.at)]) {
          if ((job.lease?.until ?? 0) > this.at) continue
          table.put({ ...job, state: 'queued', lease: null }, job, null)
        }
      })
    }
    return super.exchange(batch)
  }
}

class CountsByEntryAlone extends OnMemory {
  override exchange(batch: Batch): Promise<BatchResult> {
    return super.exchange(misread(batch, { claims: (claim) => ({ ...claim, max: 500 }) }))
  }
}

class AnswersReversed extends OnMemory {
  override async exchange(batch: Batch): Promise<BatchResult> {
    const result = await super.exchange(batch)
    return { ...result, claims: result.claims.map((claim) => ({ ...claim, jobs: [...claim.jobs].reverse() })) }
  }
}

class AnswersIdsInClaimOrder extends OnMemory {
  override async exchange(batch: Batch): Promise<BatchResult> {
    const result = await super.exchange(batch)
    return { ...result, claims: result.claims.map((claim) => ({ ...claim, jobs: [...claim.jobs].sort(byClaimOrder) })) }
  }
}

class WakesTooLate extends OnMemory {
  override async exchange(batch: Batch): Promise<BatchResult> {
    const result = await super.exchange(batch)
    return { ...result, claims: result.claims.map((claim) => ({ ...claim, nextDueInMs: claim.nextDueInMs || null })) }
  }
}

class ForgetsBodies extends OnMemory {
  override async exchange(batch: Batch): Promise<BatchResult> {
    const result = await super.exchange(batch)
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
  override exchange(batch: Batch): Promise<BatchResult> {
    const back = misread(batch, {
      changes: (change) =>
        change.set.state === 'queued' && !change.set.run
          ? { ...change, set: { ...change.set, run: { inMs: 0 } } }
          : change,
    })
    return super.exchange(back)
  }
}

class HasAClockOfItsOwn extends OnMemory {
  constructor(options: StoreOptions) {
    super({ ...options, clock: undefined })
  }
}

class ProlongsFromTheOldEnd extends OnMemory {
  override exchange(batch: Batch): Promise<BatchResult> {
    const longer = misread(batch, {
      beats: (beat) => {
        const until = this.memory.job(beat.id)?.lease?.until ?? this.at
        return beat.leaseMs === undefined ? beat : { ...beat, leaseMs: beat.leaseMs + until - this.at }
      },
    })
    return super.exchange(longer)
  }
}

class TakesMoreWhenAskedAgain extends OnMemory {
  override exchange(batch: Batch): Promise<BatchResult> {
    return super.exchange(misread(batch, { claims: ({ again: _, ...claim }) => claim }))
  }
}

class SendsClaimsTwice extends OnMemory {
  override async exchange(batch: Batch): Promise<BatchResult> {
    if (batch.claims?.length) await super.exchange({ claims: batch.claims })
    return super.exchange(batch)
  }
}

class PausesQueuesOnly extends OnMemory {
  #byIds = false

  override exchange(batch: Batch): Promise<BatchResult> {
    this.#byIds = (batch.claims ?? []).some(({ from }) => from.some((entry) => 'ids' in entry))
    return super.exchange(batch)
  }

  protected override seen(): Table {
    const setting: Table['setting'] = (kind, name) =>
      kind === 'paused' && this.#byIds ? null : this.memory.setting(kind, name)
    return lying(this.memory, { setting })
  }
}

export const claimsAndOrder = [
  broken('a claim looks, then takes in a second step', 'CLAIM-2', ClaimsInTwoSteps),
  broken('a claim hands out leases that are over', 'CLAIM-1', HandsOutLeasesThatAreOver),
  broken('a claim has a limit per entry and none in all', 'CLAIM-3', CountsByEntryAlone),
  broken('a claim answers without payloads', 'CLAIM-4', ForgetsBodies),
  broken('an entry of ids is answered in claim order', 'CLAIM-5', AnswersIdsInClaimOrder),
  broken('a claim that reached its bound says that nothing is known to come', 'CLAIM-6', WakesTooLate),
  broken('runAt goes before priority', 'ORDER-1', OldestFirst),
  broken('ids are compared as words of a language', 'ORDER-1', TiesByLanguage),
  broken('due jobs are promoted in slices', 'ORDER-1', PromotesInSlices),
  broken('a claim answers in another order than it took', 'ORDER-2', AnswersReversed),
  broken('a release sets runAt to now', 'ORDER-3', SendsReleasedToTheBack),
  broken('the clock that was given is not used', 'TIME-2, TIME-6, TIME-7', HasAClockOfItsOwn),
  broken('a beat prolongs from the old end', 'TIME-6', ProlongsFromTheOldEnd),
  broken('`again` takes new jobs', 'IDEM-2', TakesMoreWhenAskedAgain),
  broken('a claim is sent twice', 'IDEM-3', SendsClaimsTwice),
  broken('a paused queue still serves claims by ids', 'PAUSE-1', PausesQueuesOnly),
]
