import { type Duration, toMs } from './duration.js'

/** When a failed attempt runs again. Plain data, stored with the job, so that a sweep or an HTTP server without the definition can obey it. */
export interface Backoff {
  /** `fixed`: always `base`. `exponential`: `base × factor^(attempt − 1)`. */
  readonly kind: 'fixed' | 'exponential'
  readonly base: Duration
  /** Default 2. */
  readonly factor?: number | undefined
  /** Default `'1h'`. */
  readonly max?: Duration | undefined
  /** Full jitter: a uniform draw between 0 and the computed delay. Default true. */
  readonly jitter?: boolean | undefined
}

/** A backoff as it is stored: every field there, durations in milliseconds. */
export interface BackoffRule {
  readonly kind: 'fixed' | 'exponential'
  readonly baseMs: number
  readonly factor: number
  readonly maxMs: number
  readonly jitter: boolean
}

export const DEFAULT_BACKOFF: BackoffRule = Object.freeze({
  kind: 'exponential',
  baseMs: 1000,
  factor: 2,
  maxMs: 3_600_000,
  jitter: true,
})

export function backoffRule(given: Backoff): BackoffRule {
  if (given.kind !== 'fixed' && given.kind !== 'exponential') {
    throw new TypeError(`backoff.kind: expected 'fixed' or 'exponential', got ${String(given.kind)}`)
  }
  const factor = given.factor ?? DEFAULT_BACKOFF.factor
  if (!(factor >= 1 && factor <= 1000))
    throw new TypeError(`backoff.factor: expected a number from 1 to 1000, got ${String(factor)}`)
  return {
    kind: given.kind,
    baseMs: toMs(given.base, 'backoff.base'),
    factor,
    maxMs: toMs(given.max ?? DEFAULT_BACKOFF.maxMs, 'backoff.max'),
    jitter: given.jitter ?? true,
  }
}

/**
 * Milliseconds until attempt `attempt + 1`. Full jitter spreads a crowd that failed together over the whole delay
 * (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). Large powers are infinite, and then cut at `maxMs`.
 */
export function backoffMs(rule: BackoffRule, attempt: number, random: () => number): number {
  const grown =
    rule.kind === 'fixed' || rule.baseMs === 0 ? rule.baseMs : rule.baseMs * rule.factor ** Math.max(0, attempt - 1)
  const delay = Math.min(grown, rule.maxMs)
  return Math.round(rule.jitter ? delay * random() : delay)
}
