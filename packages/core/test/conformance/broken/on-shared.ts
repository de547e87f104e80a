/** The memory store with its inside open and its table shared: two handles over one space, as two processes over one database. */
import { type Capabilities, NO_CAPABILITIES } from '../../../src/capabilities.js'
import { StintError } from '../../../src/errors.js'
import { MemoryTable } from '../../../src/memory/memory-table.js'
import type {
  Batch,
  BatchResult,
  CallOptions,
  Removal,
  Restored,
  SettingResult,
  SettingWrite,
} from '../../../src/store.js'
import { OnMemory } from './on-memory.js'

interface Place {
  readonly table: MemoryTable
  /** Of the handle whose call runs just now: the failpoints of one handle are not those of another. */
  failpoint: (name: string) => void
  schema: number
  /** Another writer holds the engine up until this resolves. */
  heldUp: Promise<void> | null
}

const places = new Map<string, Place>()

export function placeOf(space: string): Place {
  const there = places.get(space)
  if (there) return there
  const made: Place = {
    table: new MemoryTable((name) => made.failpoint(name)),
    failpoint: () => {},
    schema: 0,
    heldUp: null,
  }
  places.set(space, made)
  return made
}

/** A case has a space of its own, which nobody meets again. */
export const forget = (space: string): void => void places.delete(space)

/** Keeps every writer of the space waiting until the answer is called. */
export async function holdUp(space: string): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const place = placeOf(space)
  place.heldUp = promise
  return () => {
    place.heldUp = null
    resolve()
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const end = (): void => reject(new StintError('ABORTED', 'The call was aborted before anything was sent.', {}))
    signal.addEventListener('abort', end, { once: true })
  })

export class OnShared extends OnMemory {
  override readonly capabilities: Capabilities = {
    ...NO_CAPABILITIES,
    sharedByProcesses: true,
    atomicBatches: true,
    restorable: true,
  }

  protected get place(): Place {
    return placeOf(this.space)
  }

  protected override tableOf(): MemoryTable {
    return this.place.table
  }

  protected override async opened(): Promise<void> {
    const { schema } = this.place
    if (schema > 1)
      throw new StintError('STORE_INCOMPATIBLE', `Expected schema 1, got ${schema}; update the package.`, {
        store: this.name,
        found: String(schema),
        expected: '1',
      })
    this.place.schema = 1
  }

  override exchange(batch: Batch, options: CallOptions<never> = {}): Promise<BatchResult> {
    const { signal } = options
    const { heldUp } = this.place
    return heldUp && signal && !signal.aborted
      ? this.inTime(Promise.race([heldUp, aborted(signal)])).then(() => super.exchange(batch, options))
      : super.exchange(batch, options)
  }

  protected override write(batch: Batch): Promise<BatchResult> {
    return this.place.heldUp ? this.whenFree(() => this.write(batch)) : super.write(batch)
  }

  override remove(jobs: readonly Removal[]): Promise<boolean[]> {
    return this.place.heldUp ? this.whenFree(() => this.remove(jobs)) : super.remove(jobs)
  }

  override restore(jobs: readonly Restored[]): Promise<boolean[]> {
    return this.place.heldUp ? this.whenFree(() => this.restore(jobs)) : super.restore(jobs)
  }

  override configure(writes: readonly SettingWrite[]): Promise<SettingResult[]> {
    return this.place.heldUp ? this.whenFree(() => this.configure(writes)) : super.configure(writes)
  }

  /** Writers alone wait for one another; readers see what is committed. */
  protected async whenFree<T>(work: () => Promise<T>): Promise<T> {
    if (this.place.heldUp) await this.inTime(this.place.heldUp)
    return work()
  }

  /** Nothing has been sent when the deadline passes, so surely nothing happens later (FAULT-5). */
  protected async inTime(free: Promise<void>): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>()
    const late = new StintError('STORE_UNAVAILABLE', 'The engine was held up by others.', { store: this.name })
    const timer = setTimeout(() => reject(late), this.deadlineMs)
    await Promise.race([free, promise]).finally(() => clearTimeout(timer))
  }

  protected override inTable<T>(work: (table: MemoryTable) => T): T {
    const { place } = this
    place.failpoint = this.passing
    try {
      return super.inTable(work)
    } finally {
      place.failpoint = () => {}
    }
  }
}
