import type { Change, ChangeResult, ClaimResult, EventDraft, InsertResult } from '@stint/core'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { Coalescer, type CoalescerOptions } from '../../src/coalescer.js'
import { beat, claim, newJob } from './calls.js'
import { type Fault, FaultyStore, type Item, turn } from './faulty-store.js'

const unhandled: unknown[] = []
const note = (error: unknown): void => void unhandled.push(error)
process.on('unhandledRejection', note)
afterAll(() => void process.off('unhandledRejection', note))

interface Call {
  readonly serial: number
  readonly kind: Step['kind']
  /** Empty: a claim. */
  readonly ids: readonly string[]
  readonly token: string | null
  fate: 'open' | 'ok' | 'refused' | 'nothing' | string
  isRepeated: boolean
}

interface Step {
  readonly kind: 'insert' | 'together' | 'claim' | 'beat' | 'succeed' | 'snooze' | 'cancel' | 'edit'
  readonly id: string
  readonly isLarge: boolean
  readonly isStale: boolean
  /** Turns of the event loop before the next step. */
  readonly pause: number
}

const IDS = ['a', 'b', 'c', 'd']

/** Makes the calls of a script on a coalescer over a bad store, and holds what the two may do against the rules. */
class Run {
  readonly calls: Call[] = []
  readonly store: FaultyStore
  readonly coalescer: Coalescer
  /** Tokens that their holders know of. */
  readonly tokens = new Map<string, string>()
  readonly violations: string[] = []
  readonly #underWay = new Set<string>()
  readonly #large = new Set<number>()
  readonly #settled: Promise<void>[] = []
  batches = 0
  mostBatches = 0
  busy = 0

  constructor(faults: readonly Fault[], isAtomic: boolean, inFlight: number) {
    this.store = new FaultyStore(faults, isAtomic, (serial) => this.#large.has(serial))
    this.store.onBatch = (items) => this.#judge(items)
    let time = 0
    const seam: CoalescerOptions['seam'] = {
      now: () => time,
      monotonic: () => time,
      after: (ms, run) => {
        time += ms
        setImmediate(run)
        return () => {}
      },
      soon: (run) => process.nextTick(run),
      background: () => () => {},
      breathe: () => null,
      busy: () => {
        this.busy++
        return () => void this.busy--
      },
      random: () => 0.5,
      id: () => '',
      nonce: () => '',
    }
    this.coalescer = new Coalescer({ store: this.store, ready: () => null, seam, inFlight })
  }

  async play(steps: readonly Step[]): Promise<void> {
    await this.store.memory.open()
    for (const step of steps) {
      await this.#make(step)
      for (let i = 0; i < step.pause; i++) await turn()
    }
    await Promise.all(this.#settled)
    await this.coalescer.idle()
  }

  async #make({ kind, id, isLarge, isStale }: Step): Promise<void> {
    const serial = this.calls.length + 1
    if (isLarge) this.#large.add(serial)
    const event: EventDraft = { type: kind, actor: String(serial), detail: null }
    const token = isStale ? 'stale' : (this.tokens.get(id) ?? 'none')
    const holder = { kind, ids: [id], token }
    const change = (set: Change['set']): Change => ({ id, guard: { token }, set, event })
    if (kind === 'insert') this.#note({ kind, ids: [id], token: null }, this.coalescer.insert(newJob(id, { event })))
    else if (kind === 'together')
      this.#note(
        { kind, ids: IDS, token: null },
        this.coalescer.insertTogether(IDS.map((each) => newJob(each, { event }))),
      )
    else if (kind === 'claim') this.#claim(id, event)
    else if (kind === 'beat') this.#note(holder, this.coalescer.beat(beat(id, token, { log: String(serial) })))
    else if (kind === 'succeed') this.#note(holder, this.coalescer.change(change({ state: 'succeeded' })))
    else if (kind === 'snooze') this.#note(holder, this.coalescer.change(change({ state: 'queued' })))
    else if (kind === 'cancel') {
      const states = ['queued', 'running'] as const
      this.#note(
        { kind, ids: [id], token: null },
        this.coalescer.change({ id, guard: { states }, set: { state: 'cancelled' }, event }),
      )
    } else {
      const [seen] = await this.store.memory.get([id])
      const version = seen?.version ?? 1
      this.#note(
        { kind, ids: [id], token: null },
        this.coalescer.change({ id, guard: { version }, set: { priority: serial % 100 }, event }),
      )
    }
  }

  #claim(id: string, event: EventDraft): void {
    const token = `token-${event.actor}`
    const sent = this.coalescer.claim(() => ({ ...claim(token, [{ ids: [id] }]), event }))
    const known = sent.then((answer) => {
      for (const job of answer?.result.jobs ?? []) this.tokens.set(job.id, token)
      return answer
    })
    this.#note({ kind: 'claim', ids: [], token }, known)
  }

  #note(
    about: Pick<Call, 'kind' | 'ids' | 'token'>,
    sent: Promise<{ result: Answer; repeated: boolean } | null>,
  ): void {
    const call: Call = { ...about, serial: this.calls.length + 1, fate: 'open', isRepeated: false }
    this.calls.push(call)
    this.#settled.push(
      sent.then(
        (answer) => {
          call.isRepeated = answer?.repeated ?? false
          call.fate = answer === null ? 'nothing' : fateOf(answer.result)
        },
        (error: { code?: string }) => {
          call.fate = error.code ?? String(error)
        },
      ),
    )
  }

  /** At the moment a batch reaches the store. */
  #judge(items: readonly Item[]): () => void {
    // Noted, not thrown: from here the coalescer would take it for a bug of the store.
    const ids = items.flatMap((item) => (item.id === null ? [] : [item.id]))
    if (new Set(ids).size !== ids.length) this.violations.push(`an id twice in a batch: ${ids}`)
    for (const id of ids) if (this.#underWay.has(id)) this.violations.push(`${id} in two batches under way`)
    for (const { id, serial } of items) {
      if (id === null) continue
      const mine = this.calls[serial - 1]
      for (const earlier of this.calls.slice(0, serial - 1)) {
        if (earlier.fate !== 'open' || !earlier.ids.includes(id)) continue
        if (earlier.kind === 'beat' && earlier.token === mine?.token) continue
        this.violations.push(`${mine?.kind} ${serial} of ${id} went before ${earlier.kind} ${earlier.serial}`)
      }
    }
    for (const id of ids) this.#underWay.add(id)
    this.mostBatches = Math.max(this.mostBatches, ++this.batches)
    return () => {
      this.batches--
      for (const id of ids) this.#underWay.delete(id)
    }
  }
}

type Answer = InsertResult | ChangeResult | ClaimResult | readonly InsertResult[]

function fateOf(answer: Answer): Call['fate'] {
  if ('isNew' in answer) return answer.isNew ? 'ok' : 'refused'
  if ('ok' in answer) return answer.ok ? 'ok' : 'refused'
  if ('jobs' in answer) return answer.jobs.length > 0 ? 'ok' : 'refused'
  return answer.every((one) => one.isNew) ? 'ok' : answer.some((one) => one.isNew) ? 'some' : 'refused'
}

/** What the store says in the end, against what the callers were told. */
async function expectHonest({ calls, store }: Run): Promise<void> {
  const all = new Set<number>()
  for (const id of IDS) {
    const events = await store.memory.events(id, { limit: 1000 })
    const [job] = await store.memory.get([id])
    const serials = events.map((event) => Number(event.actor))
    for (const serial of serials) all.add(serial)
    expect(new Set(serials).size, `an effect twice on ${id}: ${serials}`).toBe(serials.length)
    const byLine = serials.filter((serial) => calls[serial - 1]?.ids.includes(id))
    expect(byLine, `the order of calls about ${id}`).toEqual([...byLine].sort((a, b) => a - b))
    for (const call of calls) {
      if (!call.ids.includes(id) || call.kind === 'together') continue
      const happened = serials.includes(call.serial)
      const at = `${call.kind} ${call.serial} of ${id}, told ${call.fate}`
      if (call.kind === 'beat') {
        // Whatever was reported last and accepted is there, or was overwritten by something later.
        if (call.fate === 'ok') expect(Number(job?.log), at).toBeGreaterThanOrEqual(call.serial)
      } else if (call.fate === 'ok') expect(happened, at).toBe(true)
      else if (call.fate === 'refused') expect(happened && !call.isRepeated, at).toBe(false)
      else if (call.fate !== 'OUTCOME_UNKNOWN') expect(happened, at).toBe(false)
    }
  }
  for (const { kind, serial, fate, isRepeated } of calls) {
    // A repeated claim that holds nothing may have held: a cancel ended it before it was asked again.
    if (kind !== 'claim' || fate === 'OUTCOME_UNKNOWN' || (fate === 'refused' && isRepeated)) continue
    expect(all.has(serial), `claim ${serial}, told ${fate}`).toBe(fate === 'ok')
  }
  for (const call of calls) {
    if (call.kind !== 'together') continue
    const written = await Promise.all(IDS.map((id) => store.memory.events(id, { limit: 1 })))
    const mine = written.filter(([first]) => Number(first?.actor) === call.serial).length
    if (call.fate === 'ok') expect(mine).toBe(IDS.length)
    if (store.capabilities.atomicBatches && ['TOO_LARGE', 'STORE_UNAVAILABLE'].includes(call.fate)) expect(mine).toBe(0)
  }
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    ...([
      'insert',
      'together',
      'claim',
      'claim',
      'beat',
      'beat',
      'beat',
      'succeed',
      'snooze',
      'cancel',
      'edit',
    ] as const),
  ),
  id: fc.constantFrom(...IDS),
  isLarge: fc.integer({ min: 0, max: 11 }).map((n) => n === 0),
  isStale: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  pause: fc.constantFrom(0, 0, 0, 1, 2, 5, 12),
})
const fault = fc.constantFrom<Fault[]>(
  'none',
  'none',
  'none',
  'unavailable',
  'unknown without effect',
  'unknown with effect',
  'half, then unknown',
  'bug with effect',
)
/** Streaks, since what is given up has failed four times in a row. */
const faults = fc
  .array(fc.tuple(fault, fc.constantFrom(1, 1, 2, 5)), { maxLength: 20 })
  .map((streaks) => streaks.flatMap(([one, times]) => Array<Fault>(times).fill(one)))
const script = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 40 }),
  faults,
  isAtomic: fc.boolean(),
  inFlight: fc.constantFrom(1, 2),
})

it('whatever befalls the store: order per job kept, each effect at most once, every caller told the truth', async () => {
  const seen = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(script, async ({ steps, faults, isAtomic, inFlight }) => {
      const run = new Run(faults, isAtomic, inFlight)
      const first = (id: string): Step => ({ kind: 'insert', id, isLarge: false, isStale: false, pause: 0 })
      const claims = IDS.map((id): Step => ({ ...first(id), kind: 'claim', pause: id === 'd' ? 6 : 0 }))
      await run.play([...IDS.map(first), ...claims, ...steps])
      expect(run.violations).toEqual([])
      expect(run.calls.filter((call) => call.fate === 'open')).toEqual([])
      expect([run.coalescer.pending, run.busy, run.batches]).toEqual([0, 0, 0])
      expect(run.mostBatches).toBeLessThanOrEqual(inFlight)
      await expectHonest(run)
      for (const call of run.calls) {
        const what = `${call.kind}: ${call.fate}${call.isRepeated ? ', repeated' : ''}`
        seen.set(what, (seen.get(what) ?? 0) + 1)
      }
    }),
    { numRuns: 1000 },
  )
  await turn()
  expect(unhandled).toEqual([])
  // A property that never meets what it is about would hold of anything.
  for (const fate of ['ok', 'ok, repeated', 'refused', 'TOO_LARGE', 'STORE_UNAVAILABLE', 'OUTCOME_UNKNOWN'])
    expect([...seen.keys()].some((what) => what.endsWith(`: ${fate}`))).toBe(true)
  for (const kind of ['insert', 'claim', 'beat', 'succeed', 'snooze', 'cancel', 'edit'])
    expect(seen.get(`${kind}: ok`)).toBeGreaterThan(0)
}, 60_000)
