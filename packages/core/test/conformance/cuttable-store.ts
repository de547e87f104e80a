/** A store behind a connection that can be cut: requests and replies take a turn each, and the other side is a memory store. */
import { StintError } from '../../src/errors.js'
import { LivingStore } from '../../src/living-store.js'
import { memoryTableStore } from '../../src/memory/memory-store.js'
import type {
  Batch,
  CallOptions,
  EventsQuery,
  FeedQuery,
  JobRef,
  ListQuery,
  Removal,
  Restored,
  SettingWrite,
  Store,
  StoreOptions,
} from '../../src/store.js'

/** What a driver may do wrong when its connection breaks. */
export type Defect =
  | 'calls sure what is unknown'
  | 'resends by itself'
  | 'never settles'
  | 'is carried out later'
  | 'stays away'
  | 'has no code'
  | 'takes leases down with it'

/** How long a broken connection is away. */
const AWAY_MS = 5
/** A request that lay in a buffer comes out behind so many others. */
const LATE_CALLS = 12

interface Call {
  readonly work: () => Promise<unknown>
  readonly isWrite: boolean
  isCarriedOut: boolean
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The engine: what all handles of a space talk to. */
class Server {
  readonly store: Store<never, false>
  readonly clients = new Set<CuttableStore>()
  #late: { readonly work: () => Promise<unknown>; behind: number }[] = []

  constructor(options: StoreOptions) {
    this.store = memoryTableStore(options)
  }

  async carryOut(work: () => Promise<unknown>): Promise<unknown> {
    for (const one of this.#late) one.behind--
    const due = this.#late.filter(({ behind }) => behind <= 0)
    this.#late = this.#late.filter(({ behind }) => behind > 0)
    for (const one of due) await one.work()
    return work()
  }

  /** Where a lease lives in its connection's session, and ends with it. */
  async endLeases(): Promise<void> {
    const { jobs } = await this.store.list({ walk: 'lease', limit: 100 })
    const event = { type: 'released', actor: null, detail: null }
    const changes = jobs.map(({ id, attempt, lease }) => ({
      id,
      guard: { token: lease?.token ?? '' },
      set: { state: 'queued' as const, attempt: attempt - 1 },
      event,
    }))
    await this.store.exchange({ changes })
  }

  keep(work: () => Promise<unknown>): void {
    this.#late.push({ work, behind: LATE_CALLS })
  }
}

export class CuttableStore extends LivingStore {
  readonly name = 'cuttable'
  override readonly capabilities
  readonly #server: Server
  readonly #defect: Defect | null
  readonly #calls = new Set<Call>()
  #isUp = true

  constructor(server: Server, options: StoreOptions, defect: Defect | null) {
    super(options)
    this.#server = server
    this.#defect = defect
    this.capabilities = { ...server.store.capabilities, sharedByProcesses: true, survivesProcessCrash: true }
  }

  protected override async opened(): Promise<void> {
    await this.#server.store.open()
    this.#server.clients.add(this)
    this.#server.store.subscribe((hint) => this.hint(hint))
  }

  protected override async closed(): Promise<void> {
    this.#server.clients.delete(this)
  }

  // An expression each: what is asked crosses the wire as it is.
  exchange = (batch: Batch, options?: CallOptions<never>) =>
    options && 'tx' in options
      ? Promise.reject(this.unsupported('transactions'))
      : this.#write((store) => store.exchange(batch), options?.signal)
  remove = (jobs: readonly Removal[]) => this.#write((store) => store.remove(jobs))
  get = (refs: readonly JobRef[]) => this.#read((store) => store.get(refs))
  list = (query: ListQuery) => this.#read((store) => store.list(query))
  events = (jobId: string, query: EventsQuery) => this.#read((store) => store.events(jobId, query))
  feed = (query: FeedQuery) => this.#read((store) => store.feed(query))
  stats = () => this.#read((store) => store.stats())
  settings = (kind: string) => this.#read((store) => store.settings(kind))
  configure = (writes: readonly SettingWrite[]) => this.#write((store) => store.configure(writes))
  restore = (jobs: readonly Restored[]) => this.#write(async (store) => (await store.restore?.(jobs)) ?? [])

  /** At the server's side: requests that have not arrived are dropped, and no reply gets through. */
  cut(): void {
    this.#isUp = false
    const broken = [...this.#calls]
    this.#calls.clear()
    for (const call of broken) this.#break(call)
    if (this.#defect === 'takes leases down with it') void this.#server.endLeases()
    if (this.#defect === 'stays away') return
    setTimeout(() => {
      this.#isUp = true
      if (this.#defect === 'resends by itself') for (const call of broken) void this.#send(call)
    }, AWAY_MS)
  }

  #break(call: Call): void {
    switch (this.#defect) {
      case 'never settles':
      case 'resends by itself':
        return
      case 'has no code':
        return call.reject(new Error('ECONNRESET'))
      case 'calls sure what is unknown':
        return call.reject(this.#unavailable())
      case 'is carried out later':
        if (!call.isCarriedOut) this.#server.keep(call.work)
    }
    call.reject(call.isWrite ? this.#unknown() : this.#unavailable())
  }

  #read<T>(work: (store: Store) => Promise<T>): Promise<T> {
    return this.#call(work, false)
  }

  #write<T>(work: (store: Store) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#call(work, true, signal)
  }

  #call<T>(work: (store: Store) => Promise<T>, isWrite: boolean, signal?: AbortSignal): Promise<T> {
    return this.during(
      () =>
        new Promise<T>((resolve, reject) => {
          if (!this.#isUp) return reject(this.#unavailable())
          void this.#send({
            work: () => work(this.#server.store),
            isWrite,
            isCarriedOut: false,
            resolve: resolve as (value: unknown) => void,
            reject,
          })
        }),
      signal,
    )
  }

  async #send(call: Call): Promise<void> {
    this.#calls.add(call)
    await turn()
    if (!this.#calls.has(call)) return
    try {
      call.isCarriedOut = true
      const answer = await this.#server.carryOut(call.work)
      await turn()
      if (this.#calls.delete(call)) call.resolve(answer)
    } catch (error) {
      if (this.#calls.delete(call)) call.reject(error)
    }
  }

  #unavailable(): StintError {
    return new StintError('STORE_UNAVAILABLE', 'The connection is broken; nothing was sent.', { store: this.name })
  }

  #unknown(): StintError {
    return new StintError('OUTCOME_UNKNOWN', 'The connection broke before the answer came.', { store: this.name })
  }
}

/** Options of the suite for such a store; with a defect, for one that is broken in that way. */
export function cuttable(defect: Defect | null = null) {
  const servers = new Map<string, Server>()
  return {
    name: `cuttable${defect === null ? '' : ` that ${defect}`}`,
    store(space: string, options: StoreOptions) {
      const server = servers.get(space) ?? new Server(options)
      servers.set(space, server)
      return new CuttableStore(server, options, defect)
    },
    destroy: (space: string) => void servers.delete(space),
    engine: {
      cut(space: string) {
        for (const client of servers.get(space)?.clients ?? []) client.cut()
      },
    },
  }
}
