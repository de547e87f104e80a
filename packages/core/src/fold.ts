import type { Beat, Change, Patch } from './store.js'
import { isHeld } from './transitions.js'

/** Two reports under one lease that are not sent yet become one: the later fields win. null: they are not of one lease. */
export function foldBeats(earlier: Beat, later: Beat): Beat | null {
  if (earlier.token !== later.token) return null
  const returning = earlier.returning || later.returning
  return { ...earlier, ...later, ...(returning && { returning }) }
}

/**
 * A report that is not sent yet joins the change behind it, and shares its fate: only where the guard is the very same token, so that neither
 * would be accepted without the other. A lease that the change ends is not prolonged. null: the two must go one after the other.
 */
export function foldIntoChange(beat: Beat, change: Change): Change | null {
  const { token, states, version, leaseOver } = change.guard
  if (token !== beat.token || states !== undefined || version !== undefined || leaseOver !== undefined) return null
  const { progress, checkpoint, log, leaseMs } = beat
  const staysHeld = change.set.state === undefined || isHeld(change.set.state)
  const set: Patch = {
    ...(progress !== undefined && { progress }),
    ...(checkpoint !== undefined && { checkpoint }),
    ...(log !== undefined && { log }),
    ...(leaseMs !== undefined && staysHeld && { leaseMs }),
    ...change.set,
  }
  return { ...change, set, ...((change.returning || beat.returning) && { returning: true }) }
}
