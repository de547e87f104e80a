import assert from 'node:assert/strict'
import { type EventRecord, isStintError } from '@stint/core'
import { isHeld } from '../../src/transitions.js'
import type { Host } from './host.js'

export type Outcome = 'pending' | 'ok' | 'not new' | (string & {})

/** A call of some user, what it was about, and what its caller was told. */
interface Call {
  readonly actor: string
  readonly kind: string
  readonly host: Host
  outcome: Outcome
  jobId: string | null
}

/** A settle by hand, under one lease. */
interface Settling {
  readonly host: Host
  readonly jobId: string
  readonly fence: number
  readonly verb: Verb
  /** Nobody else settles that lease: what was refused did not happen. */
  readonly isOnly: boolean
  outcome: Outcome
}
export type Verb = 'succeeded' | 'failed' | 'snoozed' | 'released'

/** What each kind of call may be told besides that it worked. Anything else is a bug. */
const STORE = ['STORE_UNAVAILABLE', 'OUTCOME_UNKNOWN', 'QUEUE_CLOSED']
const CODES: { readonly [kind: string]: readonly string[] } = {
  enqueue: [...STORE, 'QUEUE_FULL', 'ID_CONFLICT', 'UNIQUE_CONFLICT'],
  many: [...STORE, 'QUEUE_FULL'],
  track: [...STORE, 'ID_CONFLICT', 'UNIQUE_CONFLICT'],
  tracked: [...STORE, 'WRONG_STATE', 'JOB_NOT_FOUND', 'ID_CONFLICT'],
  cancel: [...STORE, 'WRONG_STATE', 'JOB_NOT_FOUND'],
  retry: [...STORE, 'WRONG_STATE', 'JOB_NOT_FOUND', 'UNIQUE_CONFLICT'],
  reschedule: [...STORE, 'WRONG_STATE', 'JOB_NOT_FOUND'],
  reprioritise: [...STORE, 'WRONG_STATE', 'JOB_NOT_FOUND'],
  redrive: STORE,
  lane: STORE,
  claim: STORE,
  settle: [...STORE, 'LEASE_LOST', 'JOB_NOT_FOUND'],
  report: [...STORE, 'LEASE_LOST', 'JOB_NOT_FOUND'],
  wait: [...STORE, 'WAIT_TIMEOUT', 'JOB_NOT_FOUND', 'JOB_GONE'],
}
/** Nothing was changed, says the answer. */
const NOTHING = [
  'STORE_UNAVAILABLE',
  'WRONG_STATE',
  'JOB_NOT_FOUND',
  'UNIQUE_CONFLICT',
  'ID_CONFLICT',
  'QUEUE_FULL',
  'QUEUE_CLOSED',
  'not new',
]
const ONCE = ['enqueue', 'track', 'cancel', 'retry', 'reschedule', 'reprioritise']

/** Everything callers were told, to be held against what the store says happened. */
export class Ledger {
  readonly calls: Call[] = []
  readonly settlings: Settling[] = []
  /** Ids whose enqueue was acknowledged. */
  readonly acknowledged = new Set<string>()
  /** Lanes in which the history limit may have removed a job before a repeat of its enqueue arrived. */
  readonly forgetful = new Set<string>()
  readonly told = new Map<string, number>()

  count(what: string): void {
    this.told.set(what, (this.told.get(what) ?? 0) + 1)
  }

  /** Makes a call under an actor of its own, so that its events can be told from all others. Answers undefined when it was refused. */
  async call<T>(
    host: Host,
    kind: string,
    jobId: string | null,
    make: (actor: string) => Promise<T>,
  ): Promise<T | undefined> {
    const call: Call = { actor: `${kind}-${this.calls.length}`, kind, host, outcome: 'pending', jobId }
    this.calls.push(call)
    try {
      const answer = await make(call.actor)
      call.outcome = 'ok'
      const job = answer as { id?: string; isNew?: boolean } | undefined
      if (kind === 'enqueue' || kind === 'track') {
        if (job?.isNew === false) call.outcome = 'not new'
        call.jobId = job?.id ?? jobId
        if (job?.id) this.acknowledged.add(job.id)
      }
      host.trace(`${call.actor} ${call.jobId ?? ''}: ${call.outcome}`)
      this.count(`${kind} ${call.outcome}`)
      return answer
    } catch (error) {
      call.outcome = codeOf(error, kind)
      host.trace(`${call.actor} ${jobId ?? ''}: ${call.outcome}`)
      this.count(`${kind} ${call.outcome}`)
      return undefined
    }
  }

  async settle(
    host: Host,
    { jobId, fence }: Pick<Settling, 'jobId' | 'fence'>,
    verb: Verb,
    make: () => Promise<unknown>,
    isOnly = false,
  ): Promise<Outcome> {
    const settling: Settling = { host, jobId, fence, verb, isOnly, outcome: 'pending' }
    this.settlings.push(settling)
    settling.outcome = await make().then(
      () => 'ok',
      (error: unknown) => codeOf(error, 'settle'),
    )
    host.trace(`${verb} ${jobId} fence ${fence}: ${settling.outcome}`)
    this.count(`settle ${settling.outcome}`)
    return settling.outcome
  }

  /** What was told against what happened. */
  check(events: readonly EventRecord[]): void {
    const byActor = Map.groupBy(events, (event) => event.actor)
    for (const call of this.calls) {
      // What is tracked goes on under the actor that began it.
      const did = (byActor.get(call.actor) ?? []).filter((one) => call.kind !== 'track' || one.type === 'enqueued')
      const told = `${call.actor} of ${call.jobId} was told "${call.outcome}"`
      if (!call.host.isDead) assert.notEqual(call.outcome, 'pending', `${told} and nothing more`)
      if (ONCE.includes(call.kind)) {
        if (!this.#mayBeTwice(call)) assert.ok(did.length <= 1, `${told}, and it happened ${did.length} times`)
        if (call.outcome === 'ok') assert.ok(did.length >= 1, `${told}, and it never happened`)
      }
      if (ONCE.includes(call.kind) || call.kind === 'many') {
        // An enqueue that met a job of the same key may have edited it.
        const edits =
          call.kind === 'enqueue' && call.outcome === 'not new' ? did.filter((one) => one.type === 'edited').length : 0
        if (NOTHING.includes(call.outcome))
          assert.equal(did.length - edits, 0, `${told}, and it happened (${did[0]?.type} ${did[0]?.seq})`)
      }
    }
    this.#checkSettlings(events)
  }

  #mayBeTwice(call: Call): boolean {
    return call.kind === 'enqueue' && this.forgetful.size > 0
  }

  #checkSettlings(events: readonly EventRecord[]): void {
    const ends = new Map<string, EventRecord>()
    for (const event of events) {
      // Made anew after its removal: its fences begin anew as well.
      if (event.seq === 1) for (const lease of ends.keys()) if (lease.startsWith(`${event.jobId} `)) ends.delete(lease)
      if (event.fence === null || event.from === null || !isHeld(event.from) || isHeld(event.to)) continue
      const lease = `${event.jobId} ${event.fence}`
      assert.ok(
        !ends.has(lease),
        `${lease} ended twice: ${ends.get(lease)?.type} ${ends.get(lease)?.seq} and ${event.type} ${event.seq}`,
      )
      ends.set(lease, event)
    }
    const byLease = Map.groupBy(this.settlings, (one) => `${one.jobId} ${one.fence}`)
    for (const [lease, all] of byLease) {
      const end = ends.get(lease)
      for (const { host, isOnly, verb, outcome } of all) {
        const told = `${verb} of ${lease} was told "${outcome}"`
        if (!host.isDead) assert.notEqual(outcome, 'pending', told)
        if (outcome === 'ok') assert.equal(end?.type, verb, `${told}, and the lease ended ${end?.type}`)
        if (isOnly && (outcome === 'LEASE_LOST' || outcome === 'STORE_UNAVAILABLE' || outcome === 'JOB_NOT_FOUND'))
          assert.notEqual(end?.type, verb, `${told}, and the lease ended by it`)
      }
    }
  }
}

function codeOf(error: unknown, kind: string): string {
  if (isStintError(error) && CODES[kind]?.includes(error.code)) return error.code
  throw new Error(`${kind} threw ${String(error)}`, { cause: error })
}
