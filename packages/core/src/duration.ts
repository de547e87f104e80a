/** Milliseconds, or a number with a unit: `250`, `'250ms'`, `'30s'`, `'5m'`, `'1.5h'`, `'7d'`. Anything else, or a negative one: `TypeError`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A thousand years: longer is a mistake, and instants end at 2^45. */
const MAX_MS = 1000 * 365.25 * 86_400_000

/** Whole milliseconds, rounded up, so that a small duration never becomes none. `what` names the option in the error. */
export function toMs(duration: Duration, what: string): number {
  const ms = typeof duration === 'number' ? duration : parse(duration)
  if (!(ms >= 0 && ms <= MAX_MS)) {
    throw new TypeError(
      `${what}: expected a duration such as 250, '250ms', '30s', '5m', '1.5h' or '7d' (not negative, at most 1000 years), got ${show(duration)}`,
    )
  }
  return Math.ceil(ms)
}

function parse(text: unknown): number {
  const match = typeof text === 'string' && text.length <= 32 ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) : null
  return match ? Number(match[1]) * (UNIT_MS[match[2] as string] as number) : Number.NaN
}

const show = (value: unknown): string => (typeof value === 'string' ? `'${value.slice(0, 40)}'` : String(value))
