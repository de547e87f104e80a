import type { EventRecord } from '@stint/core'
import type { Command } from '../../src/transitions.js'

/** The command that an event tells of: what is done to a job without a lease is a tracker's. */
export function commandOf({ type, from, to, fence }: EventRecord): Command {
  const isTracked = fence === null
  switch (type) {
    case 'enqueued':
      return to === 'waiting' ? 'track' : 'enqueue'
    case 'started':
      return from === 'waiting' ? 'trackStart' : 'start'
    case 'progressed':
      return isTracked ? 'trackProgress' : 'progress'
    case 'succeeded':
      return isTracked ? 'trackSucceed' : 'succeed'
    case 'failed':
      return isTracked ? 'trackFail' : 'fail'
    default:
      return BY_EVENT[type] as Command
  }
}

const BY_EVENT: { readonly [type: string]: Command } = {
  leased: 'claim',
  heartbeat: 'heartbeat',
  snoozed: 'snooze',
  released: 'release',
  lease_expired: 'expire',
  cancelled: 'cancel',
  retried: 'retry',
  rescheduled: 'reschedule',
  reprioritised: 'reprioritise',
  edited: 'edit',
}
