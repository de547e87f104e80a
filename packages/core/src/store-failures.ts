import { StintError } from './errors.js'

/** The codes that every store's failures end as, by the store's name. What the messages say is the store's. */
export function storeFailures(store: string) {
  return {
    /** Surely nothing was written. */
    unavailable: (message: string, cause?: unknown): StintError<'STORE_UNAVAILABLE'> =>
      new StintError('STORE_UNAVAILABLE', message, { store }, { cause }),
    /** It may or may not have been written. */
    unknown: (message: string, cause: unknown): StintError<'OUTCOME_UNKNOWN'> =>
      new StintError('OUTCOME_UNKNOWN', message, { store }, { cause }),
    incompatible: (message: string, found: string, expected: string): StintError<'STORE_INCOMPATIBLE'> =>
      new StintError('STORE_INCOMPATIBLE', message, { store, found, expected }),
    cursorInvalid: (cursor: string): StintError<'CURSOR_INVALID'> =>
      new StintError(
        'CURSOR_INVALID',
        `Expected a cursor that this store made for this very walk, got '${cursor.slice(0, 60)}'.`,
        { cursor },
      ),
  }
}

export const aborted = (reason: unknown): StintError<'ABORTED'> =>
  new StintError('ABORTED', 'The call was aborted before anything was sent.', {}, { cause: reason })
