import { type BackoffRule, DEFAULT_BACKOFF } from './backoff.js'
import type { Json } from './json.js'
import type { JsonText } from './record.js'

/** What core keeps with a job for whoever settles it without its definition; opaque to stores. */
export interface Ext {
  readonly backoff: BackoffRule
  readonly timeoutMs: number | null
  readonly meta: { readonly [key: string]: Json }
}

const NO_META: Ext['meta'] = Object.freeze({})
const PLAIN: Ext = Object.freeze({ backoff: DEFAULT_BACKOFF, timeoutMs: null, meta: NO_META })

/** Only what differs from the defaults is written; a plain job has none. */
export function writeExt(
  backoff: BackoffRule | null,
  timeoutMs: number | null,
  metaText: JsonText | null,
): JsonText | null {
  const parts: string[] = []
  if (backoff !== null) parts.push(`"backoff":${JSON.stringify(backoff)}`)
  if (timeoutMs !== null) parts.push(`"timeoutMs":${timeoutMs}`)
  if (metaText !== null && metaText !== '{}') parts.push(`"meta":${metaText}`)
  return parts.length === 0 ? null : `{${parts.join(',')}}`
}

export function readExt(text: JsonText | null): Ext {
  if (text === null) return PLAIN
  const { backoff, timeoutMs, meta } = JSON.parse(text) as Partial<Ext>
  return { backoff: backoff ?? DEFAULT_BACKOFF, timeoutMs: timeoutMs ?? null, meta: meta ?? NO_META }
}
