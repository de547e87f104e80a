import type { AnyJobDefinition, PayloadInputOf, ResultOf } from './define.js'
import type { Duration } from './duration.js'
import type { EnqueuedJob } from './job.js'
import type { Json } from './json.js'
import type { JobPolicy } from './policy.js'

export interface EnqueueOptions extends JobPolicy {
  /** Default `newJobId()`. The same id again answers with the job that is there. 1–128 characters of `A–Z a–z 0–9 . _ - :`, not `.`, `..` or `stint:…`. */
  readonly id?: string | undefined
  /** Due after. Not together with `runAt`. */
  readonly delay?: Duration | undefined
  /** Due at. In the past: at once, in line by that instant. */
  readonly runAt?: Date | undefined
  /** At most one live job in the lane with this key. 1–255 bytes. Held by a job of another type: `UNIQUE_CONFLICT`. */
  readonly uniqueKey?: string | undefined
  /** When the key is free again: `finished` (default), or already when first `claimed` (so a change during a run makes one more run). */
  readonly uniqueUntil?: 'claimed' | 'finished' | undefined
  /** `keep` (default): answer with the job that is there. `replace`: if it is still queued, it takes this payload, due time, priority, tags, meta: a debounce. */
  readonly ifExists?: 'keep' | 'replace' | undefined
  /** At most 16, each up to 64 bytes. */
  readonly tags?: readonly string[] | undefined
  readonly meta?: { readonly [key: string]: Json } | undefined
  /** Written into the audit event. */
  readonly actor?: string | undefined
}

export interface EnqueueItem<D extends AnyJobDefinition> extends EnqueueOptions {
  readonly job: D
  readonly payload: PayloadInputOf<D>
}
export type Enqueued<D extends AnyJobDefinition> = EnqueuedJob<PayloadInputOf<D>, ResultOf<D>>
/** The payload may be left out where the schema takes `undefined`. */
export type PayloadArgs<Input> = undefined extends Input
  ? [payload?: Input, options?: EnqueueOptions]
  : [payload: Input, options?: EnqueueOptions]
