import type { Ms } from './record.js'
import { seamOf } from './seam.js'

const { monotonic } = seamOf(null)

/** The time of one call. `begun` is a reading of the host's monotonic clock. */
export class Budget {
  readonly ms: Ms
  readonly signal: AbortSignal | undefined
  readonly begun = monotonic()

  constructor(ms: Ms, signal?: AbortSignal) {
    this.ms = ms
    this.signal = signal
  }

  get left(): Ms {
    return this.begun + this.ms - monotonic()
  }
}
