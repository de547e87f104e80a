import { holds } from '../../../src/kit.js'
import type { Batch, BatchResult, CallOptions, ChangeResult } from '../../../src/store.js'
import { STATES } from '../../../src/transitions.js'
import { broken, gap, lying, misread, OnMemory } from './on-memory.js'

class SettlesByState extends OnMemory {
  override exchange(batch: Batch): Promise<BatchResult> {
    const changes = misread(batch, {
      changes: (change) => {
        const { token, states = ['leased', 'running'], ...guard } = change.guard
        return token === undefined ? change : { ...change, guard: { ...guard, states } }
      },
    })
    return super.exchange(changes)
  }
}

class JudgesThenWrites extends OnMemory {
  override async exchange(batch: Batch): Promise<BatchResult> {
    const judged = misread(batch, {
      changes: (change) => {
        const job = this.memory.job(change.id)
        return job && holds(change.guard, job, this.at) ? { ...change, guard: { states: STATES } } : change
      },
    })
    await gap()
    return super.exchange(judged)
  }
}

class BeatsUnfenced extends OnMemory {
  override exchange(batch: Batch): Promise<BatchResult> {
    const beats = misread(batch, {
      beats: (beat) => ({ ...beat, token: this.memory.job(beat.id)?.lease?.token ?? beat.token }),
    })
    return super.exchange(beats)
  }
}

class RefusesLateWork extends OnMemory {
  override exchange(batch: Batch): Promise<BatchResult> {
    const isLate = (id: string): boolean => (this.memory.job(id)?.lease?.until ?? Number.POSITIVE_INFINITY) <= this.at
    const late = misread(batch, {
      changes: (change) =>
        change.guard.token !== undefined && !change.guard.leaseOver && isLate(change.id)
          ? { ...change, guard: { token: 'too late' } }
          : change,
      beats: (beat) => (isLate(beat.id) ? { ...beat, token: 'too late' } : beat),
    })
    return super.exchange(late)
  }
}

class KeepsTokensAlive extends OnMemory {
  readonly #known = new Map<string, string>()

  override exchange(batch: Batch): Promise<BatchResult> {
    const alive = misread(batch, {
      changes: (change) => {
        const { token, ...guard } = change.guard
        const lease = this.memory.job(change.id)?.lease
        if (lease) this.#known.set(change.id, lease.token)
        const isDead = !lease && token !== undefined && this.#known.get(change.id) === token
        return isDead ? { ...change, guard: { states: STATES, ...guard } } : change
      },
    })
    return super.exchange(alive)
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

  override async exchange(batch: Batch): Promise<BatchResult> {
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
    const result = await super.exchange(batch)
    this.#moving.clear()
    return result
  }
}

class FailsWithAnUnknownId extends OnMemory {
  override async exchange(batch: Batch, options?: CallOptions<never>): Promise<BatchResult> {
    for (const { id } of batch.changes ?? []) if (!this.memory.job(id)) throw new Error(`no job ${id}`)
    return super.exchange(batch, options)
  }
}

export const fencesAndGuards = [
  broken('a settle checks the state, not the token', 'FENCE-1', SettlesByState),
  broken('a guard is judged, then written in a second step', 'GUARD-1, GUARD-3', JudgesThenWrites),
  broken('beats are not fenced', 'FENCE-1', BeatsUnfenced),
  broken('work under a lease whose time is over is refused', 'FENCE-4', RefusesLateWork),
  broken('a token lives on after its lease was ended', 'FENCE-3', KeepsTokensAlive),
  broken('the event of a claim shows the token', 'FENCE-5', TellsTheToken),
  broken('the fence is the attempt', 'FENCE-2', FencesByAttempt),
  broken('a job that a claim moves is missing for a moment', 'GUARD-2', LosesJobsOnTheMove),
  broken('an unknown id fails the batch', 'GUARD-4', FailsWithAnUnknownId),
]
