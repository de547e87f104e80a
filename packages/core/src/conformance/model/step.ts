/** What happens at one moment. */
import type { Ms } from '../../record.js'
import type { Made } from './call.js'
import type { Mismatch } from './mismatch.js'
import type { ModelStore } from './model-store.js'

export interface Step {
  readonly made: Made
  /** What of the call it is. */
  readonly label: string
  /** It changes nothing: taking it as soon as it fits rules nothing out. */
  readonly isReading: boolean
  /** Steps of the same call that come before it. */
  readonly after: readonly Step[]
  /**
   * Does it to the model, which is the step's to change; null: the model answers as the store did. Into `met` go the readings of the same
   * call that fitted on the way.
   */
  readonly follow: (model: ModelStore, now: Ms, met: Set<Step>) => Mismatch | null
}

export type Follow = Step['follow']
export type MakeStep = (label: string, isReading: boolean, follow: Follow, after?: readonly Step[]) => Step
