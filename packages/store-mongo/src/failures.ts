import { isStintError, StintError } from '@stint/core'
import { storeFailures } from '@stint/core/store'

export const { cursorInvalid, incompatible, unavailable, unknown } = storeFailures('mongo')

/** The only place that knows the driver's errors. Their class is not asked for: a user's client may come from another copy of the driver. */
const nameOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : ''
const numberOf = (error: unknown): number | null =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number' ? error.code : null
const hasLabel = (error: unknown, label: string): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'hasErrorLabel' in error &&
  typeof error.hasErrorLabel === 'function' &&
  error.hasErrorLabel(label) === true

export const DUPLICATE_KEY = 11000
/** `$replaceWith` was given null: how a pipeline refuses to run behind its deadline. */
export const NOT_AN_OBJECT = 40228
export const NAMESPACE_EXISTS = 48

/** The request never left: no server was chosen, no connection was had, or its greeting failed. */
const isUnsent = (error: unknown): boolean =>
  hasLabel(error, 'HandshakeError') ||
  /^(MongoServerSelectionError|MongoWaitQueueTimeoutError|MongoPoolClearedError|MongoPoolClosedError|MongoTopologyClosedError|MongoNotConnectedError|MongoClientClosedError)$/.test(
    nameOf(error),
  )

/** Codes with which a server says, before it does anything, that it will not: not primary, not allowed, a command it does not know, too large. */
const REFUSALS: ReadonlySet<number> = new Set([10107, 13435, 13, 18, 59, 9, 72, 10334, 40415, 20, 2, 14, 26, 8000])

export const codeOf = numberOf

/** The store of a call that failed says this; what is not the driver's stays what it is. `inDoubt`: a write was sent and not answered. */
export function failureOf(error: unknown, inDoubt: boolean): unknown {
  if (isStintError(error) || error instanceof TypeError) return error
  const code = numberOf(error)
  if (inDoubt && !isUnsent(error) && !(code !== null && REFUSALS.has(code)))
    return unknown(
      'The connection was lost, or the server gave up, while a write was under way: it may or may not have happened. A repeat is safe.',
      error,
    )
  const said = error instanceof Error ? error.message : String(error)
  if (code === 10334 || /BSONObj size|larger than.*16793600|offset.*out of range/i.test(said))
    return new StintError(
      'TOO_LARGE',
      `A record is above what MongoDB can hold, 16 MiB. Nothing was written. (${said})`,
      {
        what: 'record',
        bytes: 16 * 1024 * 1024,
        maxBytes: 16 * 1024 * 1024,
      },
      { cause: error },
    )
  return unavailable(`${adviceOf(code)} Nothing was written. (${code === null ? said : `${code}: ${said}`})`, error)
}

function adviceOf(code: number | null): string {
  if (code === 13 || code === 18) return 'MongoDB refused the user. It needs the role readWrite on the database.'
  if (code === 10107 || code === 13435) return 'The server is not the primary any more.'
  if (code === 50) return 'The server gave up because the call took longer than its deadline.'
  return 'MongoDB could not be reached or did not answer.'
}

/** Part of the call was done before this happened, and the rest, or its answer, is not known. */
export const failedBehind = (error: unknown): unknown =>
  isStintError(error, 'OUTCOME_UNKNOWN')
    ? error
    : unknown('The call was written in part or whole, and its answer could not be had. A repeat is safe.', error)

export const late = (): StintError<'STORE_UNAVAILABLE'> =>
  unavailable('The server was too slow: the write came to it behind its deadline and was refused. Nothing was written.')

export const dropped = (): StintError<'STORE_UNAVAILABLE'> =>
  unavailable('The collections of Stint were dropped under an open store.')

/** An error inside the user's own transaction: the server has ended it. */
export function failureInTx(error: unknown): unknown {
  if (isStintError(error) || error instanceof TypeError) return error
  const said = error instanceof Error ? error.message : String(error)
  return new StintError(
    'TX_FAILED',
    `A call inside your transaction failed, and MongoDB has ended the transaction. Abort it and run it again. (${said})`,
    { store: 'mongo' },
    { cause: error },
  )
}
