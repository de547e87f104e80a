import type { JsonText } from './record.js'
import type { SchemaIssue } from './schema.js'

/** JSON text, or why there is none. `undefined` is no text: null. */
export type JsonTextAnswer =
  | { readonly text: JsonText | null; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/**
 * The text of a value that survives the way there and back. `JSON.stringify` alone loses silently: a Map becomes `{}`, NaN null, a Date a
 * string, and what the handler then receives is not what the producer's types said.
 */
export function toJsonText(value: unknown): JsonTextAnswer {
  if (value === undefined) return { text: null }
  try {
    const unsafe = firstUnsafe(value)
    if (unsafe) return { issues: [unsafe] }
    return { text: JSON.stringify(value) }
  } catch (error) {
    // A cycle, nesting beyond the stack, or a getter that throws.
    return {
      issues: [
        {
          message: `cannot be written as JSON: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`,
        },
      ],
    }
  }
}

/** The bytes a text takes in a store. */
export const bytesOf = (text: JsonText | null): number => (text === null ? 0 : Buffer.byteLength(text))

function firstUnsafe(value: unknown): SchemaIssue | null {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null
    case 'number':
      return Number.isFinite(value) ? null : { message: `${value} is no JSON number`, path: [] }
    case 'object':
      return value === null ? null : unsafeInside(value)
    default:
      return { message: `${typeof value} cannot be written as JSON`, path: [] }
  }
}

function unsafeInside(value: object): SchemaIssue | null {
  const isArray = Array.isArray(value)
  if (!isArray) {
    const kind = Object.prototype.toString.call(value)
    if (kind !== '[object Object]' || typeof (value as { toJSON?: unknown }).toJSON === 'function') {
      return {
        message: `${value.constructor?.name ?? kind} does not survive JSON; write it as text or plain data`,
        path: [],
      }
    }
  }
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key]
    if (inner === undefined && !isArray) continue // left out, as everywhere in JSON
    const unsafe = firstUnsafe(inner)
    if (unsafe) return { message: unsafe.message, path: [isArray ? Number(key) : key, ...(unsafe.path ?? [])] }
  }
  // A hole is no key, but would come back as null.
  if (isArray && Object.keys(value).length < value.length)
    return { message: 'an array with holes does not survive JSON', path: [] }
  return null
}
