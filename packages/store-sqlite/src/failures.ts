import { StintError } from '@stint/core'
import { storeFailures } from '@stint/core/store'

export const { cursorInvalid, unavailable, unknown } = storeFailures('sqlite')

/** The only place that knows the driver's errors. Its class is not asked for: a user's handle may come from another copy of the driver. */
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('SQLITE_')
    ? error.code
    : ''

/** Somebody else writes just now: nothing happened, and the next moment may do. */
export const isBusy = (error: unknown): boolean => /^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(codeOf(error))

interface Advice {
  readonly when: RegExp
  readonly code: 'STORE_UNAVAILABLE' | 'STORE_BROKEN'
  readonly message: (file: string) => string
}
const ADVICE: readonly Advice[] = [
  {
    when: /^SQLITE_FULL/,
    code: 'STORE_UNAVAILABLE',
    message: (file) =>
      `There is no room left for ${file}: the disk, or the file's own page limit, is full. Nothing was written. Free some space and repeat; jobs that were acknowledged are there.`,
  },
  {
    when: /^SQLITE_READONLY/,
    code: 'STORE_UNAVAILABLE',
    message: (file) =>
      `${file} may only be read. Nothing was written. Give this process the right to write the file and its folder (SQLite keeps ${file}-wal and ${file}-shm beside it).`,
  },
  {
    when: /^SQLITE_(CANTOPEN|PERM|AUTH)/,
    code: 'STORE_UNAVAILABLE',
    message: (file) =>
      `${file} could not be opened. Its folder has to be there, and this process needs the right to read and write the file and its folder.`,
  },
  {
    when: /^SQLITE_NOTADB/,
    code: 'STORE_BROKEN',
    message: (file) =>
      `${file} is not a SQLite database (or an encrypted one). Check the path; the file was left as it is.`,
  },
  {
    when: /^SQLITE_CORRUPT/,
    code: 'STORE_BROKEN',
    message: (file) =>
      `${file} is damaged. Stop all programs that use it, keep a copy, and bring back a backup or save what is readable with the sqlite3 tool's ".recover".`,
  },
  {
    when: /^SQLITE_(ERROR|SCHEMA|CONSTRAINT|MISMATCH)/,
    code: 'STORE_BROKEN',
    message: (file) =>
      `The tables of Stint in ${file} are not as this package made them. Were they changed by hand, or by another program with the same tablePrefix?`,
  },
  {
    when: /^SQLITE_/,
    code: 'STORE_UNAVAILABLE',
    message: (file) => `SQLite could not read or write ${file}. Nothing was written; look at the cause, and repeat.`,
  },
]

/** The error that a call of the store rejects with: nothing was committed. What is not the driver's stays what it is. */
export function failureOf(error: unknown, file: string): unknown {
  const code = codeOf(error)
  const advice = ADVICE.find(({ when }) => when.test(code))
  return advice === undefined
    ? error
    : new StintError(advice.code, `${advice.message(file)} (${code})`, { store: 'sqlite' }, { cause: error })
}

/**
 * An error of COMMIT itself. Without room, the frame that commits, the last one, was not written whole, so no recovery takes it for one. But when the disk
 * fails in the very sync, the transaction may already stand in the log and be found there after a restart.
 */
export const failureOfCommit = (error: unknown, file: string): unknown =>
  codeOf(error) === 'SQLITE_FULL'
    ? failureOf(error, file)
    : unknown(
        `SQLite failed while it committed to ${file}: it may or may not have been written. Look at the disk; a repeat is safe.`,
        error,
      )

/** An error inside the user's own transaction, whose batch was undone. `open`: the transaction itself is still there. */
export function failureInTx(error: unknown, open: boolean): unknown {
  const code = codeOf(error)
  if (code === '' && open) return error
  const what = isBusy(error)
    ? 'Another connection writes to the file. Run your transaction again; begun with db.transaction(…).immediate() it waits for its turn at the beginning.'
    : open
      ? 'The batch was undone; roll your transaction back.'
      : 'SQLite has rolled your transaction back. Run it again.'
  return new StintError(
    'TX_FAILED',
    `A call inside your transaction failed (${code || 'see the cause'}). ${what}`,
    { store: 'sqlite' },
    { cause: error },
  )
}

export const aborted = (reason: unknown): StintError<'ABORTED'> =>
  new StintError('ABORTED', 'The call was aborted before anything was written.', {}, { cause: reason })
