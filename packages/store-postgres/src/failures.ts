import { isStintError, StintError } from '@stint/core'
import { storeFailures } from '@stint/core/store'

export const { cursorInvalid, incompatible, unavailable, unknown } = storeFailures('postgres')

/** The only place that knows the driver's errors. Its class is not asked for: a user's client may come from another copy of the driver. */
const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** Five characters are the server's own; what Node says of sockets begins with E and is longer. */
const isOfServer = (code: string): boolean => /^[0-9A-Z]{5}$/.test(code)

/** A deadlock or a serialization failure: the server has undone everything, and the next try may do. */
export const isWorthRetrying = (error: unknown): boolean => /^(40001|40P01|55P03)$/.test(codeOf(error))

/** The statement came to its end too late (schema.ts, `must_be_by`) and has undone itself. */
export const LATE = 'ST001'
export const isLate = (error: unknown): boolean => codeOf(error) === LATE
/**
 * Whether the server has told that nothing was done. Not where it says that the connection ends: it may say so to a session that has just
 * committed, and to one that waits for a standby after its commit.
 */
export const isUndone = (error: unknown): boolean => {
  const code = codeOf(error)
  return isOfServer(code) && !/^(57P0|08|40003|XX)/.test(code)
}

/** The server ended it, or we did, because it took too long. */
export const isWaiting = (error: unknown): boolean => codeOf(error) === '57014' || codeOf(error) === ''

/** A connection after which nothing more may be asked of it. */
export const isBroken = (error: unknown): boolean => !isOfServer(codeOf(error)) || /^(57P0|08|XX)/.test(codeOf(error))

interface Advice {
  readonly when: RegExp
  readonly code: 'STORE_UNAVAILABLE' | 'STORE_BROKEN' | 'TOO_LARGE'
  readonly message: string
}
const ADVICE: readonly Advice[] = [
  {
    when: /^ST001$/,
    code: 'STORE_UNAVAILABLE',
    message: 'The server was too slow: the write came to its end behind its deadline and undid itself.',
  },
  {
    when: /^57014$/,
    code: 'STORE_UNAVAILABLE',
    message:
      'The server ended the statement because it took longer than half the deadline. Look for long transactions on the tables of Stint.',
  },
  {
    when: /^(28|3D000)/,
    code: 'STORE_UNAVAILABLE',
    message: 'Postgres refused the connection. Check user, password and database.',
  },
  {
    when: /^42501$/,
    code: 'STORE_UNAVAILABLE',
    message:
      'This role may not do that. It needs USAGE on the schema of Stint, all rights on its tables, and CREATE for the first start.',
  },
  {
    when: /^25006$/,
    code: 'STORE_UNAVAILABLE',
    message: 'The server is read-only: a standby, or a primary that was demoted. Connect to the primary.',
  },
  { when: /^53/, code: 'STORE_UNAVAILABLE', message: 'The server has run out of connections, memory or disk.' },
  {
    when: /^(26000|42P05|08P01)$/,
    code: 'STORE_UNAVAILABLE',
    message: 'A pooler in transaction mode seems to stand between, such as PgBouncer. Use prepared: false.',
  },
  {
    when: /^(22|23|42|0A)/,
    code: 'STORE_BROKEN',
    message: 'The tables of Stint are not as this package made them. Were they changed by hand?',
  },
]

/** Whether what was sent may have been committed. */
export type Doubt = boolean

/** The error that a call of the store rejects with. What is not the driver's stays what it is. `suspicion`: what may have kept it waiting. */
export function failureOf(error: unknown, inDoubt: Doubt, suspicion = ''): unknown {
  if (isStintError(error) || error instanceof TypeError) return error
  const code = codeOf(error)
  if (inDoubt && !isUndone(error))
    return unknown(
      'The connection was lost while a write was under way: it may or may not have happened. A repeat is safe.' +
        suspicion,
      error,
    )
  const advice = ADVICE.find(({ when }) => when.test(code))
  const said = error instanceof Error ? error.message : String(error)
  return new StintError(
    advice?.code ?? 'STORE_UNAVAILABLE',
    `${advice?.message ?? 'Postgres could not be reached or did not answer.'} Nothing was written.${suspicion} (${code === '' ? said : `${code}: ${said}`})`,
    { store: 'postgres' } as never,
    { cause: error },
  )
}

/** Part of the call was done before this happened, and its answer is not known. */
export const failedBehind = (error: unknown): unknown =>
  isStintError(error, 'OUTCOME_UNKNOWN')
    ? error
    : unknown('The call was written, and its answer could not be read. A repeat is safe.', error)

/** An error inside the user's own transaction: Postgres takes no statement of it any more. */
export function failureInTx(error: unknown): unknown {
  if (isStintError(error) || error instanceof TypeError) return error
  const code = codeOf(error)
  const what = isWorthRetrying(error) ? 'Run it again.' : 'Roll it back.'
  const said = error instanceof Error ? error.message : String(error)
  return new StintError(
    'TX_FAILED',
    `A call inside your transaction failed, and Postgres has ended the transaction. ${what} (${code === '' ? said : `${code}: ${said}`})`,
    { store: 'postgres' },
    { cause: error },
  )
}
