/** A store behind a bad wire: the request or the reply of one call is lost, and its caller is told that the outcome is unknown. */
import { StintError } from '../../errors.js'
import type { Batch, Store } from '../../store.js'

export type Loss = 'request' | 'reply'
/** A call of `exchange` is of the kind of each part that it has. */
export type KindOfCall = keyof Batch | 'remove' | 'configure' | 'restore'

export class Lossy {
  /** The same store, behind the wire. */
  readonly store: Store
  #loss: Loss | null = null
  #kind: KindOfCall | null = null
  #left = 0
  #lost = 0

  constructor(store: Store) {
    this.store = new Proxy(store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) =>
          this.#carry(kindsOf(String(name), args[0]), () => Reflect.apply(value, target, args))
      },
    })
  }

  /** Of the `nth` call from now on; of any kind unless one is named. */
  lose(loss: Loss, kind: KindOfCall | null = null, nth = 1): void {
    this.#loss = loss
    this.#kind = kind
    this.#left = nth
  }

  /** How many were lost so far. */
  get lost(): number {
    return this.#lost
  }

  #carry(kinds: readonly KindOfCall[], call: () => unknown): unknown {
    if (kinds.length === 0 || (this.#kind !== null && !kinds.includes(this.#kind))) return call()
    if (this.#left === 0 || --this.#left > 0) return call()
    this.#lost++
    return this.#loss === 'request' ? Promise.reject(unknown('request')) : this.#swallow(call())
  }

  async #swallow(answer: unknown): Promise<never> {
    await answer
    throw unknown('reply')
  }
}

function kindsOf(method: string, first: unknown): KindOfCall[] {
  if (method === 'exchange') return Object.keys(first as Batch) as (keyof Batch)[]
  return method === 'remove' || method === 'configure' || method === 'restore' ? [method] : []
}

const unknown = (what: Loss): StintError<'OUTCOME_UNKNOWN'> =>
  new StintError('OUTCOME_UNKNOWN', `The ${what} was lost on the way.`, { store: 'lossy' })
