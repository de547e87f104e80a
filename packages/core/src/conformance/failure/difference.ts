/** Where two values differ, path by path: a record has twenty-five fields, and one of them is wrong. */
import { isDeepStrictEqual } from 'node:util'
import { brief as briefly } from './brief.js'

const brief = (value: unknown): string => briefly(value, 160)

/** As many are told. */
const TOLD = 12

interface Difference {
  readonly path: string
  readonly expected: string
  readonly got: string
}

/** One line for each place; an empty list: they are equal, or different as a whole, so that showing both says it best. */
export function differences(expected: unknown, got: unknown): string[] {
  const found = [...walk('', expected, got)]
  if (found.length === 0 || found.some(({ path }) => path === '')) return []
  const lines = found.slice(0, TOLD).map(({ path, expected, got }) => `${path}: expected ${expected}, got ${got}`)
  return found.length > TOLD ? [...lines, `… and ${found.length - TOLD} more`] : lines
}

function* walk(path: string, expected: unknown, got: unknown): Generator<Difference> {
  if (isDeepStrictEqual(expected, got)) return
  if (Array.isArray(expected) && Array.isArray(got)) yield* walkLists(path, expected, got)
  else if (isPlain(expected) && isPlain(got)) {
    for (const name of new Set([...Object.keys(expected), ...Object.keys(got)])) {
      const inner = path === '' ? name : `${path}.${name}`
      if (!Object.hasOwn(got, name)) yield { path: inner, expected: brief(expected[name]), got: 'nothing' }
      else if (!Object.hasOwn(expected, name)) yield { path: inner, expected: 'nothing', got: brief(got[name]) }
      else yield* walk(inner, expected[name], got[name])
    }
  } else yield { path, expected: brief(expected), got: brief(got) }
}

/** Lists of plain things are read whole: where one item is missing, all behind it differ, and that is not what went wrong. */
function* walkLists(path: string, expected: readonly unknown[], got: readonly unknown[]): Generator<Difference> {
  const isFlat = [...expected, ...got].every((one) => typeof one !== 'object' || one === null)
  if (isFlat) return yield { path, expected: brief(expected), got: brief(got) }
  if (expected.length !== got.length)
    yield {
      path: path === '' ? 'length' : `${path}.length`,
      expected: String(expected.length),
      got: String(got.length),
    }
  for (let n = 0; n < Math.min(expected.length, got.length); n++) yield* walk(`${path}[${n}]`, expected[n], got[n])
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
