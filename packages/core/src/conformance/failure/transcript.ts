/** What the handles of a case were asked, in which order, and what they answered: told when the case fails. */
import { nextTurn } from '../../seam.js'
import type { Store } from '../../store.js'
import { brief } from './brief.js'
import { isError, isPromise } from './thrown.js'

const WRITES = ['exchange', 'exchangeSync', 'remove', 'configure', 'restore'] as const
const READS = ['get', 'list', 'events', 'feed', 'stats', 'settings', 'now'] as const
const CALLS: readonly string[] = ['open', ...WRITES, ...READS, 'close']

/** Older calls are forgotten: a failure lies near the end. */
const KEPT = 200
/**
 * A store in this process answers without the event loop, so a case that asks on and on would keep its own deadline from passing: each so
 * many calls, one is answered a turn later.
 */
const CALLS_A_TURN = 200
/** As many lines are told. */
const TOLD = 30

interface Call {
  readonly handle: string
  readonly method: string
  readonly args: readonly unknown[]
  readonly begun: number
  /** Called by the suite, when the case had said all it had to say. */
  readonly isAfter: boolean
  ended: number | null
  answer: unknown
  isRejected: boolean
}

export class Transcript {
  #calls: Call[] = []
  #moments = 0
  #asked = 0
  #isAfter = false
  #isForsaken = false

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

  /** The case is over, and the invariants are looked at: what is read for them would fill every page. */
  judge(): void {
    this.#isAfter = true
  }

  /** The case was not over in time: nothing stops what it has under way but that no call is answered any more. */
  forsake(): void {
    this.#isForsaken = true
  }

  get isAfter(): boolean {
    return this.#isAfter
  }

  #overhear(handle: string, method: string, args: readonly unknown[], run: () => unknown): unknown {
    if (this.#isForsaken) return Promise.reject(new Error('the case is over: it was not in time'))
    const begun = ++this.#moments
    const call: Call = {
      handle,
      method,
      args,
      begun,
      isAfter: this.#isAfter,
      ended: null,
      answer: null,
      isRejected: false,
    }
    this.#calls.push(call)
    if (this.#calls.length > 2 * KEPT) this.#calls = this.#calls.filter(({ isAfter }) => !isAfter).slice(-KEPT)
    const end = (answer: unknown, isRejected: boolean): void => {
      call.ended = ++this.#moments
      call.answer = answer
      call.isRejected = isRejected
    }
    try {
      const answer = run()
      if (!isPromise(answer)) {
        end(answer, false)
        return answer
      }
      // The very promise is handed on, so that nothing of its timing is changed by who listens.
      answer.then(
        (value) => end(value, false),
        (error: unknown) => end(error, true),
      )
      return ++this.#asked % CALLS_A_TURN === 0 ? nextTurn().then(() => answer) : answer
    } catch (error) {
      end(error, true)
      throw error
    }
  }

  /** The calls that nobody has answered yet. */
  waiting(): string[] {
    return this.#calls.filter(({ ended }) => ended === null).map((call) => `${call.handle}'s ${asked(call)}`)
  }

  /** Line by line: a call that others overlap has a line where it begins (▸) and one where it ends (◂). */
  lines(): string[] {
    const calls = this.#calls.filter(({ isAfter, ended }) => !isAfter || ended === null)
    const moments = calls.flatMap((call) => [
      { at: call.begun, call, isEnd: false },
      ...(call.ended === null ? [] : [{ at: call.ended, call, isEnd: true }]),
    ])
    moments.sort((a, b) => a.at - b.at)
    const lines = moments.flatMap(({ call, isEnd }) => {
      const isAlone = call.ended === call.begun + 1
      if (isEnd) return isAlone ? [] : [{ call, text: `${call.handle} ◂ ${call.method} → ${answered(call)}` }]
      if (isAlone) return [{ call, text: `${call.handle}   ${asked(call)} → ${answered(call)}` }]
      return [{ call, text: `${call.handle} ▸ ${asked(call)}${call.ended === null ? ' → (no answer)' : ''}` }]
    })
    return folded(lines).slice(-TOLD)
  }

  /** The ids of the jobs that the last writes were about, newest first. */
  lastIds(): string[] {
    const writes = this.#calls.filter(({ method }) => WRITES.some((write) => write === method)).reverse()
    return [...new Set(writes.flatMap(({ args, answer }) => idsIn([args, answer], 0)))]
  }
}

/** Reads of one kind in a row are one thing: a case looks at everything. */
function folded(lines: readonly { readonly call: Call; readonly text: string }[]): string[] {
  const told: string[] = []
  let same = 0
  for (const [index, { call, text }] of lines.entries()) {
    const before = lines[index - 1]?.call
    const isRead = READS.some((read) => read === call.method)
    same = isRead && before?.method === call.method && before.handle === call.handle ? same + 1 : 0
    if (same < 2) told.push(text)
    else if (same === 2) told.push(`${call.handle}   … 1 more ${call.method}`)
    else told[told.length - 1] = `${call.handle}   … ${same - 1} more ${call.method}`
  }
  return told
}

const PARTS = { inserts: 'insert', changes: 'change', beats: 'beat', claims: 'claim' } as const

function asked({ method, args }: Call): string {
  const [first] = args
  if (method !== 'exchange' && method !== 'exchangeSync') return [method, shown(first)].filter(Boolean).join(' ')
  return `${method} ${partsOf(first, (part) => PARTS[part]) || brief(first)}`
}

function answered({ method, answer, isRejected }: Call): string {
  if (isRejected) return `rejected: ${isError(answer) ? `${codeOf(answer)}${answer.message}` : brief(answer)}`
  const isBatch = method === 'exchange' || method === 'exchangeSync'
  return (isBatch && partsOf(answer, (part) => part)) || shown(answer) || 'done'
}

/** On one line; nothing where there is nothing. */
export const shown = (value: unknown, longest?: number): string => (value === undefined ? '' : brief(value, longest))

/** Part by part, without those that are empty. */
function partsOf(batch: unknown, named: (part: keyof typeof PARTS) => string): string {
  if (typeof batch !== 'object' || batch === null) return ''
  return (Object.keys(PARTS) as (keyof typeof PARTS)[])
    .flatMap((part) => {
      const items: unknown = Reflect.get(batch, part)
      if (!Array.isArray(items) || items.length === 0) return []
      return [`${named(part)} ${items.length === 1 ? brief(items[0]) : brief(items)}`]
    })
    .join('; ')
}

const codeOf = (error: Error): string => ('code' in error ? `${String(error.code)}: ` : '')

function idsIn(value: unknown, depth: number): string[] {
  if (depth > 6 || typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.slice(0, 20).flatMap((item) => idsIn(item, depth + 1))
  const own = 'id' in value && typeof value.id === 'string' ? [value.id] : []
  return [...own, ...Object.values(value).flatMap((item) => idsIn(item, depth + 1))]
}
