/** Throws whatever is asked of it: what a handler may throw or return as well as anything else. */
export const hostile = (): object => {
  const trap = (): never => {
    throw new Error('trap')
  }
  return new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap, ownKeys: trap, getOwnPropertyDescriptor: trap })
}

/** Throws, but for what an `await` asks of it. */
export const hostileLater = (): object =>
  new Proxy(
    {},
    {
      get(_target, key) {
        if (key === 'then') return undefined
        throw new Error('trap')
      },
      getPrototypeOf() {
        throw new Error('trap')
      },
    },
  )

export function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
