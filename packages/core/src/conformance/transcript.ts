/** What the handles of a case were asked, in which order, and what they answered: told when the case fails. */
import { inspect } from 'node:util'
import type { Store } from '../store.js'

const WRITES = ['exchange', 'exchangeSync', 'remove', 'configure', 'restore'] as const
const READS = ['get', 'list', 'events', 'feed', 'stats', 'settings', 'now'] as const
const CALLS: readonly string[] = ['open', ...WRITES, ...READS, 'close']

/** Older calls are forgotten: a failure lies near the end. */
const KEPT = 200
/** As many are told. */
const TOLD = 40

interface Call {
  readonly handle: string
  readonly method: string
  readonly args: readonly unknown[]
  readonly begun: number
  ended: number | null
  answer: unknown
  isError: boolean
}

export class Transcript {
  #calls: Call[] = []
  #moments = 0

  /** The same store, overheard. */
  watch(store: Store, handle: string): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        if (typeof name !== 'string' || !CALLS.includes(name)) return value.bind(target)
        return (...args: unknown[]) => this.#overhear(handle, name, args, () => Reflect.apply(value, target, args))
      },
    })
  }

  #overhear(handle: string, method: string, args: readonly unknown[], run: () => unknown): unknown {
    const call: Call = { handle, method, args, begun: ++this.#moments, ended: null, answer: undefined, isError: false }
    this.#calls.push(call)
    if (this.#calls.length > 2 * KEPT) this.#calls = this.#calls.slice(-KEPT)
    const end = (answer: unknown, isError: boolean): void => {
      call.ended = ++this.#moments
      call.answer = answer
      call.isError = isError
    }
    try {
      const answer = run()
      if (!(answer instanceof Promise)) {
        end(answer, false)
        return answer
      }
      // The very promise is handed on, so that nothing of its timing is changed by who listens.
      answer.then(
        (value) => end(value, false),
        (error: unknown) => end(error, true),
      )
      return answer
    } catch (error) {
      end(error, true)
      throw error
    }
  }

  /** The calls that nobody has answered yet. */
  waiting(): string[] {
    return this.#calls.filter(({ ended }) => ended === null).map((call) => asked(call))
  }

  /** Line by line: a call that others overlap has a line where it begins (▸) and one where it ends (◂). */
  lines(): string[] {
    const calls = this.#calls.slice(-TOLD)
    const moments = calls.flatMap((call) => [
      { at: call.begun, call, isEnd: false },
      ...(call.ended === null ? [] : [{ at: call.ended, call, isEnd: true }]),
    ])
    moments.sort((a, b) => a.at - b.at)
    return moments.flatMap(({ call, isEnd }, index) => {
      const isAlone = call.ended === call.begun + 1
      if (isEnd && isAlone && index > 0) return []
      if (isEnd) return [`${call.handle} ◂ ${call.method} → ${answered(call)}`]
      if (isAlone) return [`${call.handle}   ${asked(call)} → ${answered(call)}`]
      return [`${call.handle} ▸ ${asked(call)}${call.ended === null ? ' → (no answer)' : ''}`]
    })
  }

  /** The ids of the jobs that the last writes were about, newest first. */
  lastIds(most: number): string[] {
    const writes = this.#calls.filter(({ method }) => WRITES.some((write) => write === method)).reverse()
    return [...new Set(writes.flatMap(({ args, answer }) => idsIn([args, answer], 0)))].slice(0, most)
  }
}

const asked = ({ method, args }: Call): string => `${method} ${shown(args[0])}`
const answered = ({ answer, isError }: Call): string =>
  isError
    ? `rejected: ${answer instanceof Error ? `${codeOf(answer)}${answer.message}` : shown(answer)}`
    : shown(answer)

const codeOf = (error: Error): string => ('code' in error ? `${String(error.code)}: ` : '')

/** On one line, without what is null or empty, and not for ever. */
export function shown(value: unknown, most = 400): string {
  if (value === undefined) return ''
  const text = inspect(slim(value, 0), {
    depth: 8,
    breakLength: Number.POSITIVE_INFINITY,
    maxStringLength: 60,
    maxArrayLength: 4,
    compact: true,
  }).replace(/\s*\n\s*/g, ' ')
  return text.length <= most ? text : `${text.slice(0, most)}…`
}

function slim(value: unknown, depth: number): unknown {
  if (Array.isArray(value)) return depth > 8 ? '…' : value.slice(0, 5).map((item) => slim(item, depth + 1))
  if (typeof value !== 'object' || value === null || value instanceof Error) return value
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  const kept = Object.entries(value).filter(
    ([, one]) => one !== null && one !== undefined && !(Array.isArray(one) && one.length === 0),
  )
  return Object.fromEntries(kept.map(([name, one]) => [name, slim(one, depth + 1)]))
}

function idsIn(value: unknown, depth: number): string[] {
  if (depth > 6 || typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.slice(0, 20).flatMap((item) => idsIn(item, depth + 1))
  const own = 'id' in value && typeof value.id === 'string' ? [value.id] : []
  return [...own, ...Object.values(value).flatMap((item) => idsIn(item, depth + 1))]
}
