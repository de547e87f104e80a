import {
  type Batch,
  type BatchResult,
  type Beat,
  type Capabilities,
  type Change,
  type Claim,
  type EventsQuery,
  type FeedQuery,
  type JobRef,
  type ListQuery,
  memoryStore,
  type NewJob,
  type Removal,
  type SettingWrite,
  type Store,
  type StoreOptions,
} from '@stint/core'
import { BaseStore } from '@stint/core/store'

/** A store that writes item by item, over a memory store that does it. */
export class ItemStore extends BaseStore {
  readonly name = 'item'
  override readonly capabilities: Capabilities
  readonly #inner: Store<never, false>
  #resuming = false
  #reading: number | null = null

  constructor(options: StoreOptions = {}) {
    super(options)
    const clock = options.clock
    // The inner store goes by the reading that it is handed, else by the clock.
    this.#inner = memoryStore({
      ...options,
      ...(clock && {
        clock: {
          ...clock,
          now: () => this.#reading ?? clock.now(),
          after: (ms: number, run: () => void) => clock.after(ms, run),
        },
      }),
    })
    this.capabilities = { ...this.#inner.capabilities, atomicBatches: false, restorable: false }
  }

  protected override opened = async () => {
    await this.#inner.open()
    // `configure` is this class's own, so are its hints: a lane that is resumed has work.
    this.#inner.subscribe((hint) => this.#resuming && this.hint(hint))
  }
  protected override closed = () => this.#inner.close()
  protected insert = async (job: NewJob, now: number) => first((await this.#at(now, { inserts: [job] })).inserts)
  protected change = async (change: Change, now: number) => first((await this.#at(now, { changes: [change] })).changes)
  protected beat = async (beat: Beat, now: number) => first((await this.#at(now, { beats: [beat] })).beats)
  protected claim = async (claim: Claim, now: number) => first((await this.#at(now, { claims: [claim] })).claims)
  async #at(now: number, batch: Batch): Promise<BatchResult> {
    this.#reading = now
    try {
      return await this.#inner.exchange(batch)
    } finally {
      this.#reading = null
    }
  }

  remove = (jobs: readonly Removal[]) => this.during(() => this.#inner.remove(jobs))
  get = (refs: readonly JobRef[]) => this.during(() => this.#inner.get(refs))
  list = (query: ListQuery) => this.during(() => this.#inner.list(query))
  events = (jobId: string, query: EventsQuery) => this.during(() => this.#inner.events(jobId, query))
  feed = (query: FeedQuery) => this.during(() => this.#inner.feed(query))
  stats = () => this.during(() => this.#inner.stats())
  settings = (kind: string) => this.during(() => this.#inner.settings(kind))
  configure = (writes: readonly SettingWrite[]) =>
    this.during(async () => {
      this.#resuming = true
      return this.#inner.configure(writes).finally(() => {
        this.#resuming = false
      })
    })
}

const first = <T>(answers: readonly T[]): T => answers[0] as T
