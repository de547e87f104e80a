import { seamOf, systemClock } from '../../seam.js'

const { monotonic } = seamOf(null)

/** Something was not over in time. */
export class Overdue extends Error {}

/** The work, or `Overdue` with what was waited for. The work itself goes on: nothing in JavaScript stops it. */
export function within<T>(ms: number, what: string, work: Promise<T>, waitedFor: () => string): Promise<T> {
  const began = monotonic()
  return new Promise((resolve, reject) => {
    const cancel = systemClock.after(ms, () => {
      const passed = Math.round(monotonic() - began)
      reject(new Overdue(`${what} was not over within ${passed} ms; it waited for ${waitedFor()}`))
    })
    work.then(resolve, reject).finally(cancel)
  })
}
