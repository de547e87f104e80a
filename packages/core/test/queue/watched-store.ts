import { StintError, type Store } from '@stint/core'

export interface Watched {
  readonly store: Store<never, false>
  /** How often each operation was called. */
  readonly calls: { [operation: string]: number }
  /** Runs before the operation of that name reaches the store; what it throws, the call rejects with. */
  readonly before: { [operation: string]: (...args: never[]) => void | Promise<void> }
  /** Runs when the store has answered, before the answer is on its way. */
  readonly after: { [operation: string]: () => void | Promise<void> }
  /** Every operation fails with STORE_UNAVAILABLE. */
  isAway: boolean
}

/** A store that is looked at and held up. `hints: false`: one that never wakes anybody, as over a connection that cannot listen. */
export function watched(store: Store<never, false>, { hints = true } = {}): Watched {
  const control: Watched = {
    calls: {},
    before: {},
    after: {},
    isAway: false,
    store: new Proxy(store, {
      get(target, key) {
        const value = Reflect.get(target, key, target) as unknown
        if (typeof value !== 'function') return value
        const name = String(key)
        if (name === 'subscribe') return hints ? value.bind(target) : () => () => {}
        return async (...args: never[]) => {
          control.calls[name] = (control.calls[name] ?? 0) + 1
          if (control.isAway && name !== 'close')
            throw new StintError('STORE_UNAVAILABLE', 'away', { store: store.name })
          await control.before[name]?.(...args)
          const answer: unknown = await value.apply(target, args)
          await control.after[name]?.()
          return answer
        }
      },
    }),
  }
  return control
}
