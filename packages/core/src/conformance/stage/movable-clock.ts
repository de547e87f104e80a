import type { Clock } from '../../clock.js'
import type { Ms } from '../../record.js'

/** 2030-01-01T00:00:00Z */
export const START: Ms = 1_893_456_000_000

export interface MovableClock extends Clock {
  /** Moves time; back as well, as clocks do. A fraction of a millisecond is allowed. */
  move(ms: number): void
  set(at: Ms): void
  /** From now on each reading is that much later than the one before. */
  tickWhenRead(ms: number): void
}

/** Stands still until it is moved by hand. Timers fire in the order of their time when `move` or `set` passes them. */
export function movableClock(start: Ms = START): MovableClock {
  let now = start
  let tick = 0
  const timers = new Set<{ at: number; run: () => void }>()
  const fire = (): void => {
    for (const timer of [...timers].sort((a, b) => a.at - b.at)) {
      if (timer.at <= now && timers.delete(timer)) timer.run()
    }
  }
  const set = (at: number): void => {
    now = at
    fire()
  }
  return {
    now: () => {
      now += tick
      return now
    },
    after: (ms, run) => {
      const timer = { at: now + ms, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    set,
    move: (ms) => set(now + ms),
    tickWhenRead: (ms) => {
      tick = ms
    },
  }
}
