import { StintError } from './errors.js'
import type { Json } from './json.js'
import { bytesOf, toJsonText } from './json-text.js'
import type { JsonText } from './record.js'
import type { SchemaIssue, StandardSchema } from './schema.js'

export const MAX_PROGRESS_BYTES = 8192
export const MAX_CHECKPOINT_BYTES = 65_536
export const MAX_META_BYTES = 8192
export const MAX_BODY_BYTES = 1_048_576

type Refusal = 'PAYLOAD_INVALID' | 'RESULT_INVALID'

/** JSON text of something small that is written beside the job: progress, checkpoint, meta. What is not JSON is a mistake of the program. */
export function smallText(value: unknown, what: string, maxBytes: number): JsonText {
  const answer = toJsonText(value)
  if (answer.issues || answer.text === null) {
    throw new TypeError(`${what}: expected JSON, got ${answer.issues ? describe(answer.issues) : 'undefined'}`)
  }
  checkBytes(answer.text, what, maxBytes)
  return answer.text
}

/** JSON text of a payload or result that its schema accepts; stored as given, not as the schema would make it. */
export function bodyText(
  value: unknown,
  schema: StandardSchema,
  of: { readonly code: Refusal; readonly type: string; readonly maxBytes: number },
): JsonText | null | Promise<JsonText | null> {
  const answer = schema['~standard'].validate(value)
  // By `then`, not by class: a promise of another realm, taken for an answer, would be one without issues.
  return 'then' in answer
    ? Promise.resolve(answer).then((late) => textOf(value, late.issues, of))
    : textOf(value, answer.issues, of)
}

function textOf(
  value: unknown,
  refused: readonly SchemaIssue[] | undefined,
  of: { code: Refusal; type: string; maxBytes: number },
): JsonText | null {
  if (refused) throw invalid(of.code, of.type, refused)
  const answer = toJsonText(value)
  if (answer.issues) throw invalid(of.code, of.type, answer.issues)
  if (answer.text !== null) checkBytes(answer.text, of.code === 'PAYLOAD_INVALID' ? 'payload' : 'result', of.maxBytes)
  return answer.text
}

/** What a schema makes of a stored text. */
export async function parseBody<Output>(
  value: Json | undefined,
  schema: StandardSchema<unknown, Output>,
  code: Refusal,
  type: string,
): Promise<Output> {
  const answer = await schema['~standard'].validate(value)
  if (answer.issues) throw invalid(code, type, answer.issues)
  return answer.value
}

function checkBytes(text: JsonText, what: string, maxBytes: number): void {
  // A text has at least as many bytes as code units, and at most three times as many.
  if (text.length * 3 <= maxBytes) return
  const bytes = bytesOf(text)
  if (bytes <= maxBytes) return
  throw new StintError(
    'TOO_LARGE',
    `The ${what} takes ${bytes} bytes of JSON; at most ${maxBytes} are allowed. Keep large data elsewhere and pass a reference.`,
    { what, bytes, maxBytes },
  )
}

function invalid(code: Refusal, type: string, issues: readonly SchemaIssue[]): StintError<Refusal> {
  const what = code === 'PAYLOAD_INVALID' ? 'payload' : 'result'
  return new StintError(code, `The ${what} of a "${type}" job is not acceptable: ${describe(issues)}`, { type, issues })
}

function describe(issues: readonly SchemaIssue[]): string {
  const [first] = issues
  if (!first) return 'the schema refused it without a reason'
  const path = (first.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
  return `${path ? `${path}: ` : ''}${first.message}${issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''}`
}
