/** Claims as an engine's plan, score or shortcut makes them. */
import { byClaimOrder, take } from '../../../src/kit.js'
import type { JobRecord, Ms } from '../../../src/record.js'
import type { Batch, BatchResult, ClaimResult, ClaimWalk, ListQuery, NewJob } from '../../../src/store.js'
import type { Place, Table } from '../../../src/table.js'
import { broken } from './broken-store.js'
import { lying, misread, OnMemory } from './on-memory.js'

/** The walk of the claim, done otherwise. */
abstract class ClaimsOtherwise extends OnMemory {
  protected abstract claimWalk(query: ClaimWalk, now: Ms): Iterable<JobRecord>

  protected override seen(): Table {
    const walk = (query: ListQuery, after: Place | null, now: Ms): Iterable<JobRecord> =>
      query.walk === 'claim' && query.dueOnly ? this.claimWalk(query, now) : this.memory.walk(query, after, now)
    return lying(this.memory, { walk })
  }

  protected honest(query: ClaimWalk, now: Ms): JobRecord[] {
    return [...this.memory.walk(query, null, now)].filter(
      (job) => job.runAt <= now && (query.types?.includes(job.type) ?? true),
    )
  }
}

class TakesNoTypesForAny extends OnMemory {
  protected override write(batch: Batch): Promise<BatchResult> {
    const any = misread(batch, {
      claims: (claim) => ({
        ...claim,
        from: claim.from.map((entry) => {
          if ('ids' in entry || entry.types?.length) return entry
          const { types: _, ...rest } = entry
          return rest
        }),
      }),
    })
    return super.write(any)
  }
}

class LimitsByType extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const byType = misread(batch, {
      claims: (claim) => ({
        ...claim,
        max: Math.max(
          claim.max,
          ...claim.from.map((entry) => ('ids' in entry ? 0 : entry.limit * (entry.types?.length ?? 1))),
        ),
        from: claim.from.flatMap((entry) =>
          'ids' in entry || !entry.types ? [entry] : entry.types.map((type) => ({ ...entry, types: [type] })),
        ),
      }),
    })
    const result = await super.write(byType)
    return { ...result, claims: result.claims.map((one) => ({ ...one, jobs: [...one.jobs].sort(byClaimOrder) })) }
  }
}

class LimitsBelowTheFilter extends ClaimsOtherwise {
  protected override claimWalk({ types, ...query }: ClaimWalk, now: Ms): Iterable<JobRecord> {
    return this.honest(query, now)
      .slice(0, query.limit)
      .filter((job) => types?.includes(job.type) ?? true)
  }
}

class LooksAtAWindow extends ClaimsOtherwise {
  protected override claimWalk({ dueOnly: _, ...query }: ClaimWalk, now: Ms): Iterable<JobRecord> {
    return [...this.memory.walk(query, null, now)].slice(0, 1000).filter((job) => job.runAt <= now)
  }
}

class LooksAtTheHeadOfTheLine extends OnMemory {
  protected override seen(): Table {
    const nextDue: Table['nextDue'] = (queue, types) => {
      for (const job of this.memory.walk({ walk: 'claim', queue, limit: 1, ...(types && { types }) }, null, this.at)) {
        if (types?.includes(job.type) ?? true) return job.runAt
      }
      return null
    }
    return lying(this.memory, { nextDue })
  }
}

class WakesBySecond extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    const whole = (ms: Ms | null): Ms | null => ms && Math.ceil(ms / 1000) * 1000
    return { ...result, claims: result.claims.map((one) => ({ ...one, nextDueInMs: whole(one.nextDueInMs) })) }
  }
}

class KnowsNoTimeOfIds extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    const claims = result.claims.map((one, n): ClaimResult => {
      const isByIds = batch.claims?.[n]?.from.every((entry) => 'ids' in entry)
      return isByIds ? { ...one, nextDueInMs: one.nextDueInMs === 0 ? 0 : null } : one
    })
    return { ...result, claims }
  }
}

class WakesAtOnce extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    return { ...result, claims: result.claims.map((one) => (one.jobs.length > 0 ? { ...one, nextDueInMs: 0 } : one)) }
  }
}

class LooksBeforeItTakes extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const next = (batch.claims ?? []).map(({ from }) =>
      Math.min(
        ...from.map((entry) =>
          'ids' in entry
            ? Number.POSITIVE_INFINITY
            : (this.memory.nextDue(entry.queue, entry.types) ?? Number.POSITIVE_INFINITY),
        ),
      ),
    )
    const result = await super.write(batch)
    const claims = result.claims.map((one, n) => {
      const at = next[n] ?? Number.POSITIVE_INFINITY
      return { ...one, nextDueInMs: at === Number.POSITIVE_INFINITY ? one.nextDueInMs : Math.max(0, at - this.at) }
    })
    return { ...result, claims }
  }
}

class TakesIdsAheadOfTime extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    const claims = result.claims.map((one, n): ClaimResult => {
      const claim = batch.claims?.[n]
      if (!claim) return one
      const ids = claim.from.flatMap((entry) => ('ids' in entry ? entry.ids : []))
      const early = ids
        .flatMap((id) => this.memory.job(id) ?? [])
        .filter(({ state, queue }) => state === 'queued' && !this.memory.setting('paused', queue))
      const jobs = early.slice(0, claim.max - one.jobs.length).map((before) =>
        this.aside((table) => {
          const { job, event } = take(claim, before, this.at)
          table.put(job, before, event)
          return job
        }),
      )
      return { ...one, jobs: [...one.jobs, ...jobs] }
    })
    return { ...result, claims }
  }
}

class KeepsStartedAt extends OnMemory {
  protected override seen(): Table {
    const put: Table['put'] = (after, before, event) =>
      this.memory.put(
        event?.type === 'leased' ? { ...after, startedAt: after.startedAt ?? before?.startedAt ?? null } : after,
        before,
        event,
      )
    return lying(this.memory, { put })
  }
}

class MergesQueues extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const merged = misread(batch, {
      claims: (claim) => {
        const head = (queue: string): JobRecord | undefined =>
          [...this.memory.walk({ walk: 'claim', queue, limit: 1, dueOnly: true }, null, this.at)][0]
        const from = [...claim.from].sort((a, b) => {
          const [one, two] = [a, b].map((entry) => ('ids' in entry ? undefined : head(entry.queue)))
          return one && two ? byClaimOrder(one, two) : 0
        })
        return { ...claim, from }
      },
    })
    return super.write(merged)
  }
}

class ComparesPrioritiesAsText extends ClaimsOtherwise {
  protected override claimWalk(query: ClaimWalk, now: Ms): Iterable<JobRecord> {
    const asText = (a: JobRecord, b: JobRecord): number =>
      a.priority === b.priority ? byClaimOrder(a, b) : String(a.priority) < String(b.priority) ? 1 : -1
    return this.honest(query, now).sort(asText)
  }
}

class ScoresBeyondADouble extends ClaimsOtherwise {
  protected override claimWalk(query: ClaimWalk, now: Ms): Iterable<JobRecord> {
    const score = ({ priority, runAt }: JobRecord): number => (100 - priority) * 1e16 + runAt
    return this.honest(query, now).sort((a, b) => score(a) - score(b) || (a.id < b.id ? -1 : 1))
  }
}

class TiesByInsertion extends ClaimsOtherwise {
  readonly #numbers = new Map<string, number>()

  protected override claimWalk(query: ClaimWalk, now: Ms): Iterable<JobRecord> {
    const number = ({ id }: JobRecord): number => this.#numbers.get(id) ?? 0
    return this.honest(query, now).sort((a, b) => b.priority - a.priority || a.runAt - b.runAt || number(a) - number(b))
  }

  protected override async write(batch: Batch): Promise<BatchResult> {
    for (const { id } of batch.inserts ?? []) if (!this.#numbers.has(id)) this.#numbers.set(id, this.#numbers.size)
    return super.write(batch)
  }
}

class TiesByMicrosecond extends ClaimsOtherwise {
  readonly #parts = new Map<string, number>()

  protected override claimWalk(query: ClaimWalk, now: Ms): Iterable<JobRecord> {
    const micros = (job: JobRecord): number => job.runAt + (this.#parts.get(job.id) ?? 0)
    return this.honest(query, now).sort(
      (a, b) => b.priority - a.priority || micros(a) - micros(b) || (a.id < b.id ? -1 : 1),
    )
  }

  protected override async write(batch: Batch): Promise<BatchResult> {
    const part = (this.clock?.now() ?? 0) % 1
    const isByClock = ({ run }: NewJob): boolean => 'inMs' in run
    for (const job of batch.inserts ?? []) if (isByClock(job) && !this.memory.job(job.id)) this.#parts.set(job.id, part)
    return super.write(batch)
  }
}

class AnswersAHundredAgain extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    const claims = result.claims.map((one, n) =>
      batch.claims?.[n]?.again ? { ...one, jobs: one.jobs.slice(0, 100) } : one,
    )
    return { ...result, claims }
  }
}

class AsksForLiveLeasesAgain extends OnMemory {
  protected override seen(): Table {
    const walk: Table['walk'] = (query, after, now) => {
      const all = this.memory.walk(query, after, now)
      return query.walk === 'lease' && query.cursor === undefined && !query.overOnly && this.#isClaiming
        ? [...all].filter((job) => (job.lease?.until ?? 0) > now)
        : all
    }
    return lying(this.memory, { walk })
  }

  #isClaiming = false
  protected override write(batch: Batch): Promise<BatchResult> {
    this.#isClaiming = true
    const result = super.write(batch)
    this.#isClaiming = false
    return result
  }
}

class FindsItsWorkersLeases extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const held = (batch.claims ?? []).map((claim) =>
      claim.again
        ? [...this.memory.walk({ walk: 'lease', limit: 1 }, null, this.at)].filter(
            (job) => job.lease?.workerId === claim.workerId,
          )
        : [],
    )
    const result = await super.write({
      ...batch,
      claims: (batch.claims ?? []).map((claim, n) => (held[n]?.length ? { ...claim, from: [] } : claim)),
    })
    const claims = result.claims.map((one, n) => (held[n]?.length ? { jobs: held[n] ?? [], nextDueInMs: 0 } : one))
    return { ...result, claims }
  }
}

export const plans = [
  broken('an empty list of types means any', 'CLAIM-1', TakesNoTypesForAny, {
    how: "SQL builder: `if (types?.length) where.push('type = ANY ($2)')`",
  }),
  broken('a claim has a limit per type', 'CLAIM-3', LimitsByType, {
    how: 'Postgres: a LATERAL per type, each with its LIMIT',
  }),
  broken('the limit of a claim stands below its filter of types', 'CLAIM-1, CLAIM-6', LimitsBelowTheFilter, {
    how: 'Redis: ZRANGE LIMIT n, then a look at the type of each',
  }),
  broken('a claim looks through a window of a thousand', 'CLAIM-1', LooksAtAWindow, {
    how: 'Redis: ZRANGE 0 999 by priority, then a look at what is due',
  }),
  broken('the time to the next job is that of the first in line', 'CLAIM-6', LooksAtTheHeadOfTheLine, {
    how: 'SQL: `ORDER BY priority DESC, run_at LIMIT 1`: the index that is there anyway',
  }),
  broken('the time to the next job is in whole seconds', 'CLAIM-6', WakesBySecond, {
    how: 'Redis: a blocking pop takes its timeout in seconds',
  }),
  broken('the time to the next job is not known for ids', 'CLAIM-6', KnowsNoTimeOfIds, {
    how: 'any: asked for by queue, and an entry of ids has none',
  }),
  broken('a claim that took anything asks to come again at once', 'CLAIM-6', WakesAtOnce, {
    how: 'any: `jobs.length > 0 ? 0 : next`: where there is one there are more',
  }),
  broken('the time to the next job is read before the claim takes', 'CLAIM-6', LooksBeforeItTakes, {
    how: 'Postgres: a CTE beside the UPDATE sees the rows as they were',
  }),
  broken('a claim by ids takes what is not due', 'CLAIM-1', TakesIdsAheadOfTime, {
    how: 'any: who names an id is thought to want it now',
  }),
  broken('a claim into leased keeps the start of the run before', 'CLAIM-4', KeepsStartedAt, {
    how: 'SQL: `started_at = coalesce($1, started_at)`',
  }),
  broken('entries of a claim are served by the order of their jobs', 'CLAIM-5', MergesQueues, {
    how: 'SQL: `WHERE queue = ANY ($1) ORDER BY priority DESC, run_at`',
  }),
  broken('priorities are compared as text', 'ORDER-1', ComparesPrioritiesAsText, {
    how: 'LevelDB, LMDB, DynamoDB: numbers in a key without padding',
  }),
  broken('runAt loses its last digits in the score', 'ORDER-1', ScoresBeyondADouble, {
    how: 'Redis: priority · 1e16 + runAt is no exact double',
  }),
  broken('ties are broken by the order of insertion', 'ORDER-1', TiesByInsertion, {
    draft: 12,
    how: 'SQL: ORDER BY ends with the serial number of the row',
  }),
  broken('ties are broken below the millisecond', 'ORDER-1', TiesByMicrosecond, {
    how: 'Postgres: `run_at timestamptz` holds microseconds that nobody is shown',
  }),
  broken('`again` answers with a hundred at most', 'IDEM-2', AnswersAHundredAgain, {
    how: 'SQL: the LIMIT of a page in the look through the leases',
  }),
  broken('`again` looks at leases that are not over', 'IDEM-2', AsksForLiveLeasesAgain, {
    how: "SQL: `AND lease_until > now()`, as 'live' leases",
  }),
  broken('`again` finds the leases of the worker', 'IDEM-2', FindsItsWorkersLeases, {
    how: 'any: the list of processing jobs is kept by worker',
  }),
]
