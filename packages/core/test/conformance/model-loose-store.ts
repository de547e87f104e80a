/**
 * A store that is right and takes every freedom that the contract leaves: other calls come in between, claims pass over what others have in
 * hand and what their own batch put in or back, and what a refusal shows is read at a later moment. The model must not call it wrong.
 */
import { type Capabilities, NO_CAPABILITIES } from '../../src/capabilities.js'
import { holds, take } from '../../src/kit.js'
import { MemoryTable } from '../../src/memory/memory-table.js'
import type { JobRecord } from '../../src/record.js'
import { nextTurn } from '../../src/seam.js'
import type { Batch, BatchResult, Change, ChangeResult, Claim, ClaimResult, StoreOptions } from '../../src/store.js'
import type { Table } from '../../src/table.js'
import { TableStore } from '../../src/table-store.js'
import { STATES } from '../../src/transitions.js'

export interface Freedom {
  readonly isAtomic: boolean
  /** A claim finds its jobs, then takes them one by one; allowed where batches are not atomic. */
  readonly isJobByJob?: boolean
  /** More than is allowed: what goes item by item is declared to be atomic. */
  readonly isBoasting?: boolean
  /** More than is allowed: a guard is judged when the call begins, and what held is written later. */
  readonly isHasty?: boolean
  /** More than is allowed: a claim beside another call passes over the first in line, which nobody has in hand. */
  readonly isSkipping?: boolean
  /** More than is allowed: a claim looks, and takes at a later moment what it saw. */
  readonly isSlow?: boolean
  /** More than is allowed: having passed over a job that is due, a claim does not say that more may be due. */
  readonly isSilent?: boolean
}

type Answers = { -readonly [Part in keyof BatchResult]: BatchResult[Part][number][] }

export class LooseStore extends TableStore {
  readonly name = 'loose'
  override readonly capabilities: Capabilities
  readonly #table = new MemoryTable(this.failpoint)
  readonly #freedom: Freedom
  /** Of each call under way, the jobs that it has in hand. */
  readonly #inHand = new Map<object, Set<string>>()
  #hidden: ReadonlySet<string> = new Set()
  #calls = 0

  constructor(options: StoreOptions, freedom: Freedom) {
    super(options)
    this.#freedom = freedom
    this.capabilities = { ...NO_CAPABILITIES, atomicBatches: freedom.isAtomic || freedom.isBoasting === true }
  }

  protected async transact<T>(work: (table: Table) => T): Promise<T> {
    const answer = work(this.#hidden.size === 0 ? this.#table : this.#withoutHidden())
    this.#table.commit()
    return answer
  }

  override async exchange(asked: Batch): Promise<BatchResult> {
    const batch = this.#freedom.isHasty ? this.#judged(asked) : asked
    const hand = new Set([...(batch.changes ?? []), ...(batch.beats ?? [])].map(({ id }) => id))
    this.#inHand.set(batch, hand)
    await this.#pause()
    const answers = this.#freedom.isAtomic ? await this.#whole(batch) : await this.#byItems(batch)
    await this.#pause()
    await this.#readAgain(batch, answers)
    this.#inHand.delete(batch)
    return answers
  }

  #judged(batch: Batch): Batch {
    const changes = (batch.changes ?? []).map((change) => {
      const job = this.#table.job(change.id)
      return job && holds(change.guard, job, this.#now()) ? { ...change, guard: { states: STATES } } : change
    })
    return { ...batch, changes }
  }

  /** In one turn: the inside of an exchange runs to its end before it first waits. */
  async #whole(batch: Batch): Promise<Answers> {
    const { claims = [], ...writes } = batch
    const wasQueued = this.#queued()
    const written = super.exchange(writes)
    const taken = claims.map((claim) => this.#claim(claim, batch, wasQueued))
    const { inserts, changes, beats } = await written
    return { inserts: [...inserts], changes: [...changes], beats: [...beats], claims: await Promise.all(taken) }
  }

  async #byItems(batch: Batch): Promise<Answers> {
    const { claims = [], inserts = [], changes = [], beats = [] } = batch
    const answers: Answers = { inserts: [], changes: [], beats: [], claims: [] }
    const single: Batch[] = [
      ...inserts.map((one) => ({ inserts: [one] })),
      ...changes.map((one) => ({ changes: [one] })),
      ...beats.map((one) => ({ beats: [one] })),
    ]
    for (const one of single) {
      const told = await super.exchange(one)
      answers.inserts.push(...told.inserts)
      answers.changes.push(...told.changes)
      answers.beats.push(...told.beats)
      await this.#pause()
    }
    for (const claim of claims) answers.claims.push(await this.#claim(claim, batch, this.#queued()))
    return answers
  }

  /** `wasQueued`: before the batch put others in line, which this claim does not see. */
  async #claim(claim: Claim, batch: Batch, wasQueued: ReadonlySet<string>): Promise<ClaimResult> {
    if (this.#freedom.isSlow && !claim.again) return this.#claimLater(claim)
    if (this.#freedom.isJobByJob && !claim.again) return this.#claimJobByJob(claim)
    const others = [...this.#inHand].filter(([one]) => one !== batch).flatMap(([, hand]) => [...hand])
    const own = [...this.#queued()].filter((id) => !wasQueued.has(id))
    const isSkipping = this.#freedom.isSkipping && this.#inHand.size > 1
    this.#hidden = new Set([...others, ...own, ...(isSkipping ? [...this.#queued()].slice(0, 1) : [])])
    const now = this.#now()
    const isPassing = others.some((id) => this.#queued().has(id) && (this.#table.job(id)?.runAt ?? 0) <= now)
    const answer = super.exchange({ claims: [claim] })
    this.#hidden = new Set()
    const [told] = (await answer).claims
    const { jobs, nextDueInMs } = told as ClaimResult
    const isShort = jobs.length < claim.max
    return { jobs, nextDueInMs: !isPassing || (this.#freedom.isSilent && isShort) ? nextDueInMs : 0 }
  }

  async #claimJobByJob(claim: Claim): Promise<ClaimResult> {
    const jobs: JobRecord[] = []
    const isAlone = this.#inHand.size === 1
    for (const from of claim.from) {
      const ids =
        'ids' in from
          ? from.ids
          : [...this.#table.walk({ ...from, walk: 'claim', dueOnly: true }, null, this.#now())].map(({ id }) => id)
      const most = jobs.length + Math.min('ids' in from ? claim.max : from.limit, claim.max - jobs.length)
      for (const id of ids) {
        if (jobs.length === most) break
        const { claims } = await super.exchange({ claims: [{ ...claim, max: 1, from: [{ ids: [id] }] }] })
        jobs.push(...(claims[0]?.jobs ?? []))
        if (!isAlone) await this.#pause()
      }
    }
    return { jobs, nextDueInMs: 0 }
  }

  async #claimLater(claim: Claim): Promise<ClaimResult> {
    const now = this.#now()
    const seen = claim.from.flatMap((from) =>
      'ids' in from
        ? from.ids
            .flatMap((id) => this.#table.job(id) ?? [])
            .filter((job) => job.state === 'queued' && job.runAt <= now)
        : [...this.#table.walk({ ...from, walk: 'claim', dueOnly: true }, null, now)].slice(0, from.limit),
    )
    await nextTurn()
    const jobs = seen.slice(0, claim.max).map((before) => {
      const { job, event } = take(claim, before, now)
      this.#table.put(job, this.#table.job(before.id), event)
      this.#table.commit()
      return job
    })
    return { jobs, nextDueInMs: 0 }
  }

  #queued(): ReadonlySet<string> {
    const all = [...this.#table.walk({ walk: 'id', direction: 'asc', limit: 1 }, null, 0)]
    return new Set(all.filter(({ state }) => state === 'queued').map(({ id }) => id))
  }

  /** What was refused is shown as it is by now. */
  async #readAgain(batch: Batch, answers: Answers): Promise<void> {
    for (const [n, { isNew, job }] of answers.inserts.entries())
      if (!isNew) answers.inserts[n] = { isNew, job: this.#table.job(job.id) ?? job }
    for (const [n, told] of answers.changes.entries()) {
      const change = batch.changes?.[n]
      if (change && !told.ok && told.why === 'guard') answers.changes[n] = this.#refused(change, told)
    }
  }

  #refused(change: Change, told: ChangeResult): ChangeResult {
    const job = this.#table.job(change.id)
    if (!job || holds(change.guard, job, this.#now())) return told
    return { ok: false, why: 'guard', job }
  }

  #withoutHidden(): Table {
    const table = this.#table
    const isShown = (id: string): boolean => !this.#hidden.has(id) || table.job(id)?.lease !== null
    return new Proxy<Table>(table, {
      get: (_, name) => {
        if (name === 'job') return (id: string) => (isShown(id) ? table.job(id) : null)
        if (name === 'nextDue') return (...args: Parameters<Table['nextDue']>) => this.#nextDueShown(...args)
        if (name === 'walk')
          return (...args: Parameters<Table['walk']>) => [...table.walk(...args)].filter(({ id }) => isShown(id))
        const honest: unknown = Reflect.get(table, name)
        return typeof honest === 'function' ? honest.bind(table) : honest
      },
    })
  }

  #nextDueShown(queue: string, types: readonly string[] | undefined): number | null {
    const jobs = [...this.#table.walk({ walk: 'claim', queue, limit: 1 }, null, 0)]
    const shown = jobs.filter(({ id, type }) => !this.#hidden.has(id) && (types?.includes(type) ?? true))
    return shown.length === 0 ? null : Math.min(...shown.map(({ runAt }) => runAt))
  }

  #now(): number {
    return Math.floor(this.clock?.now() ?? 0)
  }

  /** From none to two turns, in an order that repeats. */
  async #pause(): Promise<void> {
    for (let turn = (this.#calls++ * 7) % 3; turn > 0; turn--) await nextTurn()
  }
}
