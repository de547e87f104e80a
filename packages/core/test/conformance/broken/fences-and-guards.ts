import { holds, take } from '../../../src/kit.js'
import type { JobRecord } from '../../../src/record.js'
import type { Batch, BatchResult, ChangeResult, Claim } from '../../../src/store.js'
import { STATES } from '../../../src/transitions.js'
import { broken } from './broken-store.js'
import { gap, lying, misread, OnMemory } from './on-memory.js'

class SettlesByState extends OnMemory {
  protected override write(batch: Batch): Promise<BatchResult> {
    const changes = misread(batch, {
      changes: (change) => {
        const { token, states = ['leased', 'running'], ...guard } = change.guard
        return token === undefined ? change : { ...change, guard: { ...guard, states } }
      },
    })
    return super.write(changes)
  }
}

class JudgesThenWrites extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const judged = misread(batch, {
      changes: (change) => {
        const job = this.memory.job(change.id)
        return job && holds(change.guard, job, this.at) ? { ...change, guard: { states: STATES } } : change
      },
    })
    await gap()
    return super.write(judged)
  }
}

class BeatsUnfenced extends OnMemory {
  protected override write(batch: Batch): Promise<BatchResult> {
    const beats = misread(batch, {
      beats: (beat) => ({ ...beat, token: this.memory.job(beat.id)?.lease?.token ?? beat.token }),
    })
    return super.write(beats)
  }
}

class RefusesLateWork extends OnMemory {
  protected override write(batch: Batch): Promise<BatchResult> {
    const isLate = (id: string): boolean => (this.memory.job(id)?.lease?.until ?? Number.POSITIVE_INFINITY) <= this.at
    const late = misread(batch, {
      changes: (change) =>
        change.guard.token !== undefined && !change.guard.leaseOver && isLate(change.id)
          ? { ...change, guard: { token: 'too late' } }
          : change,
      beats: (beat) => (isLate(beat.id) ? { ...beat, token: 'too late' } : beat),
    })
    return super.write(late)
  }
}

class KeepsTokensAlive extends OnMemory {
  readonly #known = new Map<string, string>()

  protected override write(batch: Batch): Promise<BatchResult> {
    const alive = misread(batch, {
      changes: (change) => {
        const { token, ...guard } = change.guard
        const lease = this.memory.job(change.id)?.lease
        if (lease) this.#known.set(change.id, lease.token)
        const isDead = !lease && token !== undefined && this.#known.get(change.id) === token
        return isDead ? { ...change, guard: { states: STATES, ...guard } } : change
      },
    })
    return super.write(alive)
  }
}

class TakesOverByItself extends KeepsTokensAlive {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    const claims = result.claims.map((answer, n) => {
      const claim = batch.claims?.[n]
      const more = claim ? this.#takeOver(claim, claim.max - answer.jobs.length) : []
      return { ...answer, jobs: [...answer.jobs, ...more] }
    })
    return { ...result, claims }
  }

  #takeOver(claim: Claim, room: number): JobRecord[] {
    const asked = ({ queue, id }: JobRecord): boolean =>
      claim.from.some((entry) => ('ids' in entry ? entry.ids.includes(id) : entry.queue === queue))
    const over = [...this.memory.walk({ walk: 'lease', overOnly: true, limit: 100 }, null, this.at)]
      .filter((job) => asked(job) && (job.lease?.until ?? 0) <= this.at)
      .slice(0, room)
    return this.aside((table) =>
      over.map((before) => {
        const { job, event } = take(claim, before, this.at)
        table.put(job, before, event)
        return job
      }),
    )
  }
}

class TellsTheToken extends OnMemory {
  protected override seen() {
    const { memory } = this
    const put: typeof memory.put = (after, before, event) =>
      memory.put(after, before, event && { ...event, detail: after.lease ? JSON.stringify(after.lease) : event.detail })
    return lying(memory, { put })
  }
}

class FencesByAttempt extends OnMemory {
  protected override seen() {
    const { memory } = this
    const put: typeof memory.put = (after, before, event) => {
      const fence = after.attempt
      const isNew = after.lease !== null && !before?.lease
      memory.put(
        isNew && after.lease ? { ...after, lease: { ...after.lease, fence } } : after,
        before,
        event && isNew ? { ...event, fence } : event,
      )
    }
    return lying(memory, { put })
  }
}

class LosesJobsOnTheMove extends OnMemory {
  readonly #moving = new Set<string>()

  protected override async write(batch: Batch): Promise<BatchResult> {
    const lost = (batch.changes ?? []).map(({ id }) => this.#moving.has(id))
    if (lost.includes(true)) {
      const changes = lost.map((): ChangeResult => ({ ok: false, why: 'missing', job: null }))
      return { inserts: [], changes, beats: [], claims: [] }
    }
    for (const { from } of batch.claims ?? []) {
      for (const entry of from) {
        if ('ids' in entry) continue
        for (const { id } of this.memory.walk({ walk: 'claim', queue: entry.queue, limit: 10 }, null, this.at))
          this.#moving.add(id)
      }
    }
    if (this.#moving.size > 0) await gap()
    const result = await super.write(batch)
    this.#moving.clear()
    return result
  }
}

class FailsWithAnUnknownId extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    for (const { id } of batch.changes ?? []) if (!this.memory.job(id)) throw new Error(`no job ${id}`)
    return super.write(batch)
  }
}

export const fencesAndGuards = [
  broken('a settle checks the state, not the token', 'FENCE-1', SettlesByState, {
    draft: 1,
    how: "SQL: `UPDATE job … WHERE id = $1 AND state = 'running'`",
  }),
  broken('a guard is judged, then written in a second step', 'GUARD-1, GUARD-3', JudgesThenWrites, {
    draft: 2,
    how: 'ORM: the row is found, judged in JavaScript, and saved by its id',
  }),
  broken('beats are not fenced', 'FENCE-1', BeatsUnfenced, {
    draft: 3,
    how: 'Redis: progress is a plain HSET by the id, beside the script that settles',
  }),
  broken('work under a lease whose time is over is refused', 'FENCE-4', RefusesLateWork, {
    draft: 4,
    how: 'SQL: `AND lease_until > now()` in the settle, meant as care',
  }),
  broken('a token lives on after its lease was ended', 'FENCE-3', KeepsTokensAlive, {
    how: 'SQL: leases are rows of their own, which a cancel leaves behind; a settle asks for `EXISTS (… WHERE token = $2)`',
  }),
  broken(
    'a claim hands out leases that are over, and the old token still settles',
    'CLAIM-1, FENCE-3',
    TakesOverByItself,
    {
      draft: 5,
      how: "SQL: `state = 'queued' OR lease_until < now()` in the claim; a row per lease, and a settle asks for any of them",
    },
  ),
  broken('the event of a claim shows the token', 'FENCE-5', TellsTheToken, {
    how: 'any: the lease is logged whole, as the detail of the event that made it',
  }),
  broken('the fence is the attempt', 'FENCE-2', FencesByAttempt, {
    how: 'any: the attempt counts up at each claim, until a release gives it back',
  }),
  broken('a job that a claim moves is missing for a moment', 'GUARD-2', LosesJobsOnTheMove, {
    draft: 21,
    how: 'SQL: jobs are moved from a table of ready ones to one of leased ones; the cancel looks in both, one after the other',
  }),
  broken('an unknown id fails the batch', 'GUARD-4', FailsWithAnUnknownId, {
    how: 'any: `rows[0] ?? throw` in a loop over the changes',
  }),
]
