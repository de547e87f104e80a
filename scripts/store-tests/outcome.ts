import { isStintError } from '@stint/core'

/** How a call ended: `done`, the code of its error, or an error that has none. */
export const outcomeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'done',
    (error: unknown) => (isStintError(error) ? error.code : error),
  )
