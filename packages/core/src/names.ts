/** What names, ids and short texts may be (DATA-2). Wrong ones are the programmer's mistake: `TypeError` at once. */

const NAME = /^[A-Za-z0-9_.:/-]{1,128}$/
const ID = /^[A-Za-z0-9_.:-]{1,128}$/
const MAX_TEXT_BYTES = 255
const MAX_TAGS = 16
const MAX_TAG_BYTES = 64

/** A lane or a type: 1–128 characters of `A–Z a–z 0–9 . _ - / :`. */
export function checkName(name: unknown, what: string): string {
  if (typeof name === 'string' && NAME.test(name)) return name
  throw new TypeError(`${what}: expected 1–128 characters of A–Z a–z 0–9 . _ - / :, got ${quote(name)}`)
}

/** A job id: 1–128 characters of `A–Z a–z 0–9 . _ - :`, not `.`, `..` or `stint:…` (kept for events that belong to no job). */
export function checkId(id: unknown): string {
  if (typeof id === 'string' && ID.test(id) && id !== '.' && id !== '..' && !id.startsWith('stint:')) return id
  throw new TypeError(
    `id: expected 1–128 characters of A–Z a–z 0–9 . _ - : (not ".", ".." or "stint:…"), got ${quote(id)}`,
  )
}

/** Whether a job of that id can exist at all; what is looked up may come from anywhere. */
export const isId = (id: unknown): id is string => typeof id === 'string' && ID.test(id)

/** A key, worker id, actor or reason-like word: 1–255 bytes of well-formed text without control characters. */
export function checkText(text: unknown, what: string, maxBytes: number = MAX_TEXT_BYTES): string {
  if (
    typeof text === 'string' &&
    text !== '' &&
    text.isWellFormed() &&
    !hasControl(text) &&
    Buffer.byteLength(text) <= maxBytes
  )
    return text
  throw new TypeError(`${what}: expected 1–${maxBytes} bytes of text without control characters, got ${quote(text)}`)
}

/** At most 16 tags of at most 64 bytes. */
export function checkTags(tags: readonly unknown[] | undefined): readonly string[] {
  if (tags === undefined) return []
  if (!Array.isArray(tags) || tags.length > MAX_TAGS)
    throw new TypeError(`tags: expected at most ${MAX_TAGS} texts, got ${quote(tags)}`)
  return [...new Set(tags.map((tag) => checkText(tag, 'tags', MAX_TAG_BYTES)))]
}

/** A whole number within bounds. */
export function checkWhole(value: unknown, least: number, most: number, what: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value + 0
  throw new TypeError(`${what}: expected a whole number from ${least} to ${most}, got ${quote(value)}`)
}

/** The last instant that every store can keep: 2^45−1 ms, in the year 3084. */
export const LAST_INSTANT = 2 ** 45 - 1

/** An instant that a user wrote. */
export function checkDate(date: unknown, what: string): number {
  const at = date instanceof Date ? date.getTime() : Number.NaN
  if (at >= 0 && at <= LAST_INSTANT) return at
  throw new TypeError(`${what}: expected a Date between 1970 and the year 3084, got ${quote(date)}`)
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 32 || unit === 127) return true
  }
  return false
}

export function quote(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 60
      ? `${JSON.stringify(value.slice(0, 60))}… (${value.length} characters)`
      : JSON.stringify(value)
  if (value instanceof Date) return `Date ${Number.isNaN(value.getTime()) ? 'Invalid' : value.toISOString()}`
  return Array.isArray(value)
    ? `an array of ${value.length}`
    : typeof value === 'object' && value !== null
      ? 'an object'
      : String(value)
}
