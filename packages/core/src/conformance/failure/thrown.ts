/** What was thrown. Jest runs tests in a realm of its own, whose `Error` is not the one that Node's own errors are instances of. */
import { types } from 'node:util'

export const isError = (error: unknown): error is Error => types.isNativeError(error) || error instanceof Error

export const messageIn = (error: unknown): string => (isError(error) ? error.message : String(error))

/** For the same reason no `instanceof Promise`. */
export const isPromise = <T>(value: T | Promise<T>): value is Promise<T> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
