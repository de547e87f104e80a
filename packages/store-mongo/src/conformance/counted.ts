import type { Tally } from '../connection.js'

/** What all clients of a suite were asked: figures that no machine noise disturbs. */
export interface Counts {
  /** Commands that waited for an answer. */
  trips: number
  /** Those of them that the server journals. */
  commits: number
}

const WRITES: ReadonlySet<string> = new Set(['update', 'insert', 'delete', 'findAndModify', 'createIndexes'])
/** The driver's own: they are no part of a call. */
const ITS_OWN: ReadonlySet<string> = new Set([
  'hello',
  'ismaster',
  'isMaster',
  'ping',
  'endSessions',
  'saslStart',
  'saslContinue',
])

export function counting(): { readonly counts: Readonly<Counts>; readonly tally: Tally } {
  const counts: Counts = { trips: 0, commits: 0 }
  return {
    counts,
    tally(command) {
      if (ITS_OWN.has(command)) return
      counts.trips++
      if (WRITES.has(command)) counts.commits++
    },
  }
}
