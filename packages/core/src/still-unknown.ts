import { isStintError, StintError } from './errors.js'

/**
 * A look that tells what became of a write whose first answer was lost. While the store is away that stays unknown: its "nothing was written"
 * speaks of the look, and would be a guess about the write.
 */
export async function stillUnknown<T>(look: Promise<T>): Promise<T> {
  try {
    return await look
  } catch (error) {
    if (!isStintError(error, 'STORE_UNAVAILABLE')) throw error
    const { store } = error.details
    throw new StintError(
      'OUTCOME_UNKNOWN',
      `The ${store} store did not say whether a write happened, and could not be asked. It is safe to repeat it with the same id or token.`,
      { store },
      { cause: error },
    )
  }
}
