import { type Batch, type BatchResult, memoryStore, StintError } from '@stint/core'

/** What befalls one call of the store. */
export type Fault =
  | 'none'
  | 'unavailable'
  | 'unknown without effect'
  | 'unknown with effect'
  | 'half, then unknown'
  | 'bug with effect'

export interface Item {
  readonly part: keyof Batch
  readonly id: string | null
  /** The number of the call: every call writes its own into its event, or its log. */
  readonly serial: number
}

/** A memory store behind a bad wire. Refuses whole batches that hold an item too large; breaks every other rule of fortune by script. */
export class FaultyStore {
  readonly name = 'faulty'
  readonly memory = memoryStore({ clock: { now: () => 1_700_000_000_000, after: () => () => {} } })
  readonly capabilities
  /** Told of each batch before it is judged. */
  onBatch: (items: readonly Item[]) => () => void = () => () => {}
  readonly #faults: Fault[]
  readonly #isLarge: (serial: number) => boolean

  constructor(faults: readonly Fault[], isAtomic: boolean, isLarge: (serial: number) => boolean) {
    this.#faults = [...faults]
    this.#isLarge = isLarge
    this.capabilities = { ...this.memory.capabilities, atomicBatches: isAtomic, ownClock: true }
  }

  readonly exchange = async (batch: Batch): Promise<BatchResult> => {
    const items = itemsOf(batch)
    const done = this.onBatch(items)
    try {
      await turn()
      return await this.#judge(batch, items)
    } finally {
      done()
    }
  }

  async #judge(batch: Batch, items: readonly Item[]): Promise<BatchResult> {
    if (items.some((item) => this.#isLarge(item.serial))) throw this.#error('TOO_LARGE')
    const fault = this.#faults.shift() ?? 'none'
    if (fault === 'unavailable' || fault === 'unknown without effect')
      throw this.#error(fault === 'unavailable' ? 'STORE_UNAVAILABLE' : 'OUTCOME_UNKNOWN')
    const isHalved = fault === 'half, then unknown' && !this.capabilities.atomicBatches
    const result = await this.memory.exchange(isHalved ? halfOf(batch) : batch)
    await turn()
    if (fault === 'none') return result
    throw fault === 'bug with effect' ? new TypeError('a bug of the store') : this.#error('OUTCOME_UNKNOWN')
  }

  #error(code: 'TOO_LARGE' | 'STORE_UNAVAILABLE' | 'OUTCOME_UNKNOWN'): StintError {
    return new StintError(code, `scripted ${code}`, { store: this.name } as never)
  }
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const halfOf = (batch: Batch): Batch => {
  const half = <T>(items: readonly T[] = []): readonly T[] => items.slice(0, items.length >> 1)
  return {
    inserts: half(batch.inserts),
    changes: half(batch.changes),
    beats: half(batch.beats),
    claims: half(batch.claims),
  }
}

const itemsOf = (batch: Batch): Item[] => [
  ...(batch.inserts ?? []).map(({ id, event }) => ({ part: 'inserts' as const, id, serial: Number(event.actor) })),
  ...(batch.changes ?? []).map(({ id, event }) => ({ part: 'changes' as const, id, serial: Number(event.actor) })),
  ...(batch.beats ?? []).map(({ id, log }) => ({ part: 'beats' as const, id, serial: Number(log) })),
  ...(batch.claims ?? []).map(({ event }) => ({ part: 'claims' as const, id: null, serial: Number(event.actor) })),
]
