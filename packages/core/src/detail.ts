import type { FailureRecord } from './failure.js'
import type { Json } from './json.js'
import type { JsonText } from './record.js'

/** What an event says besides its columns. Integers and texts only, so that the same event always has the same text and can be sealed. */
export interface Detail {
  readonly error?: FailureRecord | undefined
  readonly reason?: string | undefined
  /** A nonce of one call: recognises the call's own event when its answer was lost. Not shown. */
  readonly op?: string | undefined
  readonly [more: string]: Json | FailureRecord | undefined
}

export function writeDetail(detail: Detail): JsonText | null {
  for (const key in detail) if (detail[key] !== undefined) return JSON.stringify(detail)
  return null
}

export const readDetail = (text: JsonText | null): Detail => (text === null ? {} : (JSON.parse(text) as Detail))
