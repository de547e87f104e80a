import { type Backoff, type BackoffRule, backoffRule } from './backoff.js'
import { type Duration, toMs } from './duration.js'
import { checkName, checkWhole } from './names.js'

/** Policy that may stand on a definition, on one enqueue, or as the queue's default; the nearest wins. */
export interface JobPolicy {
  /** Lane. Default `'default'`. 1–128 characters of `A–Z a–z 0–9 . _ - / :`. */
  readonly queue?: string | undefined
  /** 0–100, higher first. Default 50. Anything else: `TypeError`. */
  readonly priority?: number | undefined
  /** Attempts in all, the first included; a claim counts one. 1–1,000,000. Default 5. */
  readonly maxAttempts?: number | undefined
  /** Default exponential, 1 s × 2, at most 1 h, full jitter. */
  readonly backoff?: Backoff | undefined
  /** Longest time one attempt may run; then its signal aborts with `JOB_TIMEOUT` and the attempt fails. Default none. */
  readonly timeout?: Duration | undefined
}

/** A policy after all defaults: what is written with the job. */
export interface Policy {
  readonly queue: string
  readonly priority: number
  readonly maxAttempts: number
  /** null: the default. */
  readonly backoff: BackoffRule | null
  readonly timeoutMs: number | null
}

export const DEFAULT_QUEUE = 'default'
export const DEFAULT_PRIORITY = 50
export const DEFAULT_MAX_ATTEMPTS = 5
const MOST_ATTEMPTS = 1_000_000

export const checkPriority = (priority: unknown): number => checkWhole(priority, 0, 100, 'priority')

/** Throws `TypeError` for what is malformed; so a definition shows its mistakes where it is made. */
export function checkPolicy(given: JobPolicy): void {
  resolvePolicy(given)
}

/** The nearest wins: `[enqueue options, definition, queue defaults]`. */
export function resolvePolicy(...layers: readonly (JobPolicy | undefined)[]): Policy {
  const nearest = <Key extends keyof JobPolicy>(key: Key): JobPolicy[Key] => {
    for (const layer of layers) if (layer?.[key] !== undefined) return layer[key]
    return undefined
  }
  const backoff = nearest('backoff')
  const timeout = nearest('timeout')
  return {
    queue: checkName(nearest('queue') ?? DEFAULT_QUEUE, 'queue'),
    priority: checkPriority(nearest('priority') ?? DEFAULT_PRIORITY),
    maxAttempts: checkWhole(nearest('maxAttempts') ?? DEFAULT_MAX_ATTEMPTS, 1, MOST_ATTEMPTS, 'maxAttempts'),
    backoff: backoff === undefined ? null : backoffRule(backoff),
    timeoutMs: timeout === undefined ? null : toMs(timeout, 'timeout'),
  }
}
