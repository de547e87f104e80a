import { type Batch, type BatchResult, type JobRecord, StintError, type StintErrorCode } from '@stint/core'
import { NO_CAPABILITIES } from '../../src/capabilities.js'
import { Coalescer, type CoalescerOptions } from '../../src/coalescer.js'
import type { Seam } from '../../src/seam.js'

/** One `exchange` under way: a test answers it, or fails it, by hand. */
export interface Call {
  readonly batch: Batch
  /** `inserts: a b · beats: c`, and `again` behind a claim that says so. */
  readonly text: string
  /** Every item is accepted, unless the result is given. */
  answer(result?: unknown): void
  fail(error: unknown): void
}

export const storeError = (code: StintErrorCode): StintError =>
  new StintError(code, `scripted ${code}`, { store: 'scripted' } as never)

/** A coalescer over a store and a seam whose every move the test makes. */
export class Stage {
  readonly coalescer: Coalescer
  readonly pauses: { ms: number; run: () => void }[] = []
  /** Store calls that virtual time is told of. */
  busy = 0
  now = 0
  random = 0.5
  ready: () => Promise<void> | null = () => null
  readonly capabilities = { ...NO_CAPABILITIES, atomicBatches: true }
  #calls: Call[] = []
  #awaited: ((call: Call) => void) | null = null

  constructor(options: Partial<CoalescerOptions> = {}) {
    const seam: Seam = {
      now: () => this.now,
      monotonic: () => this.now,
      after: (ms, run) => {
        this.pauses.push({ ms, run })
        return () => {}
      },
      soon: (run) => process.nextTick(run),
      background: () => () => {},
      breathe: () => null,
      busy: () => {
        this.busy++
        return () => void this.busy--
      },
      random: () => this.random,
      id: () => 'id',
      nonce: () => 'nonce',
    }
    const store = { name: 'scripted', capabilities: this.capabilities, exchange: (batch: Batch) => this.#take(batch) }
    this.coalescer = new Coalescer({ store, ready: () => this.ready(), seam, ...options })
  }

  #take(batch: Batch): Promise<BatchResult> {
    return new Promise((resolve, reject) => {
      const call: Call = {
        batch,
        text: textOf(batch),
        answer: (result = accepted(batch)) => resolve(result as BatchResult),
        fail: reject,
      }
      if (this.#awaited) this.#awaited(call)
      else this.#calls.push(call)
      this.#awaited = null
    })
  }

  /** The next call of the store, waited for. */
  next(): Promise<Call> {
    const call = this.#calls.shift()
    return call ? Promise.resolve(call) : new Promise((resolve) => void (this.#awaited = resolve))
  }

  /** Answers the next call and tells what it was. */
  async pass(): Promise<string> {
    const call = await this.next()
    call.answer()
    return call.text
  }

  async fail(error: unknown): Promise<string> {
    const call = await this.next()
    call.fail(error)
    return call.text
  }

  /** Everything that can happen by itself has happened; the calls that nobody has asked for. */
  async quiet(): Promise<string[]> {
    await turn()
    return this.#calls.map((call) => call.text)
  }

  /** Lets the pause end that is going on, and answers how long it was. */
  async wake(): Promise<number> {
    await turn()
    const [pause] = this.pauses.splice(0)
    if (!pause) throw new Error('Nothing pauses.')
    this.now += pause.ms
    pause.run()
    return pause.ms
  }
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** How a promise ended, in a word; looked at when it has. */
export const fate = (call: Promise<unknown>): Promise<string> =>
  call.then(
    (sent) => ((sent as { repeated?: boolean } | null)?.repeated ? 'ok, repeated' : 'ok'),
    (error: { code?: string; message: string }) => error.code ?? error.message,
  )

export const fates = (calls: readonly Promise<unknown>[]): Promise<string[]> => Promise.all(calls.map(fate))

function textOf(batch: Batch): string {
  const part = (name: string, ids: readonly string[]): string[] => (ids.length ? [`${name}: ${ids.join(' ')}`] : [])
  return [
    ...part('inserts', batch.inserts?.map((job) => job.id) ?? []),
    ...part('changes', batch.changes?.map((change) => change.id) ?? []),
    ...part('beats', batch.beats?.map((beat) => beat.id) ?? []),
    ...part('claims', batch.claims?.map(({ token, again }) => (again ? `${token} again` : token)) ?? []),
  ].join(' · ')
}

/** Each answer names its question, so a test sees whose it is. */
export const accepted = (batch: Batch) => ({
  inserts: batch.inserts?.map(({ id }) => ({ isNew: true, job: named(id) })) ?? [],
  changes: batch.changes?.map(({ id }) => ({ ok: true, job: named(id) })) ?? [],
  beats: batch.beats?.map(({ id }) => ({ ok: true, job: named(id) })) ?? [],
  claims: batch.claims?.map(({ token }) => ({ jobs: [named(token)], nextDueInMs: null })) ?? [],
})

const named = (id: string): JobRecord => ({ id }) as JobRecord
