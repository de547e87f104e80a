import type { Clock } from '../../src/clock.js'

/** A clock that stands until a test moves it, backwards too. No timers: stores have none. */
export class SetClock implements Clock {
  at = 1_700_000_000_000
  /** How often it was read. */
  readings = 0

  now(): number {
    this.readings += 1
    return this.at
  }

  after(): () => void {
    throw new Error('A store sets no timers.')
  }
}
