import type { NewJob } from '@stint/core'
import { newJob } from '../../packages/core/test/table-store/build.js'

/** What may stand before the jobs of a claim on the queue `mail`, of the types `send` and `resize`, and must not cost it anything (CLAIM-7). */
export const IN_THE_WAY: readonly (readonly [what: string, job: (i: number) => NewJob])[] = [
  ['jobs for later of a higher priority', (i) => newJob(`way-${i}`, { priority: 99, run: { inMs: 3_600_000 } })],
  ['jobs for later of the same priority', (i) => newJob(`way-${i}`, { run: { inMs: 3_600_000 } })],
  ['jobs of another type, first in line', (i) => newJob(`way-${i}`, { type: 'index', priority: 99, run: { at: 0 } })],
  ['jobs of another queue', (i) => newJob(`way-${i}`, { queue: 'video', priority: 99 })],
]
