import { bodyText } from './checked-json.js'
import type { JsonText } from './record.js'
import type { Runtime } from './runtime.js'
import { unchecked } from './schema.js'

/** The text of a result as its definition takes it, where this queue knows one of that type; a promise only where its schema is asynchronous. */
export const resultText = (rt: Runtime, type: string, result: unknown): JsonText | null | Promise<JsonText | null> =>
  bodyText(result, rt.known.get(type)?.result ?? unchecked(), {
    code: 'RESULT_INVALID',
    type,
    maxBytes: rt.maxPayloadBytes,
  })
