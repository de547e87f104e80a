import type { Capabilities } from '../../capabilities.js'
import type { Clock } from '../../clock.js'
import type { EventRecord, JobRecord, Ms } from '../../record.js'
import type {
  Batch,
  BatchResult,
  Count,
  EventsQuery,
  FeedPage,
  FeedQuery,
  JobRef,
  ListPage,
  ListQuery,
  Removal,
  Restored,
  Setting,
  SettingResult,
  SettingWrite,
  Store,
} from '../../store.js'
import type { OtherProcess } from './other-process.js'

/** The store of another process, called by messages: a case plays with it as with a handle of its own. Joins no transactions and hears no hints. */
export class RemoteStore implements Store<never, false> {
  readonly contract = 1
  readonly name = 'in another process'
  readonly exchangeSync = undefined
  readonly capabilities: Capabilities
  readonly clock: Clock
  readonly #process: OtherProcess

  /** `like` is a store of this process over the same data: what it declares, the other one declares. */
  constructor(process: OtherProcess, like: Pick<Store, 'capabilities'>, clock: Clock) {
    this.#process = process
    this.capabilities = like.capabilities
    this.clock = clock
  }

  readonly open = (): Promise<void> => this.#call('open')
  readonly now = (): Promise<Ms> => this.#call('now')
  readonly exchange = (batch: Batch): Promise<BatchResult> => this.#call('exchange', batch)
  readonly remove = (jobs: readonly Removal[]): Promise<boolean[]> => this.#call('remove', jobs)
  readonly get = (refs: readonly JobRef[]): Promise<(JobRecord | null)[]> => this.#call('get', refs)
  readonly list = (query: ListQuery): Promise<ListPage> => this.#call('list', query)
  readonly events = (jobId: string, query: EventsQuery): Promise<EventRecord[]> => this.#call('events', jobId, query)
  readonly feed = (query: FeedQuery): Promise<FeedPage> => this.#call('feed', query)
  readonly stats = (): Promise<Count[]> => this.#call('stats')
  readonly settings = (kind: string): Promise<Setting[]> => this.#call('settings', kind)
  readonly configure = (writes: readonly SettingWrite[]): Promise<SettingResult[]> => this.#call('configure', writes)
  readonly restore = (jobs: readonly Restored[]): Promise<boolean[]> => this.#call('restore', jobs)
  readonly subscribe = (): (() => void) => () => {}
  readonly close = (): Promise<void> => this.#call('close')
  readonly [Symbol.asyncDispose] = (): Promise<void> => this.close()

  #call<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    return this.#process.order({ do: 'call', method, args }) as Promise<T>
  }
}
