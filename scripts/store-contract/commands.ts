/** What each command of core sends to a store: made by calling core's own outcomes, so the table cannot say anything else. */
import '../with-sources.mjs'
import type { JobRecord } from '../../packages/core/src/record.ts'
import type { Change } from '../../packages/core/src/store.ts'
import type { Command } from '../../packages/core/src/transitions.ts'

// Later than the line above has taken effect: core's files import one another as `.js`.
const { TRANSITIONS } = await import('../../packages/core/src/transitions.ts')
const outcomes = await import('../../packages/core/src/outcomes.ts')

const JOB = { id: 'j', version: 7, attempt: 3, maxAttempts: 5, ext: null, runAt: 0, priority: 50 }
const job = (over: Partial<JobRecord> = {}): JobRecord =>
  ({ ...JOB, lease: { token: 't', fence: 2, workerId: 'w', until: 0 }, ...over }) as JobRecord
const full = job({ version: outcomes.MOST_EVENTS })
const action = { actor: null, reason: null, op: 'op' }
const chance = { now: () => 0, random: () => 0 }

/** Every change that the command may send; a text: it is no change. */
const SENDS: Readonly<Record<Command, readonly Change[] | { readonly guard: string; readonly set: string }>> = {
  enqueue: { guard: '–', set: '`NewJob`, state `queued`' },
  track: { guard: '–', set: '`NewJob`, state `waiting`' },
  claim: { guard: '`queued`, due, not paused', set: 'as `take` of the kit says' },
  start: [outcomes.started('j', 't')],
  heartbeat: { guard: 'token', set: 'a `Beat`: leaseMs' },
  progress: { guard: 'token', set: 'a `Beat`: progress, checkpoint or log' },
  succeed: [outcomes.succeeded('j', 't', '1')],
  fail: [
    outcomes.failed(job(), 't', new Error('x'), true, chance),
    outcomes.failed(job(), 't', new Error('x'), false, chance),
    outcomes.failed(job({ attempt: 5 }), 't', new Error('x'), true, chance),
  ],
  snooze: [outcomes.snoozed(job(), 't', 1, 0), outcomes.snoozed(full, 't', 1, 0)],
  release: [outcomes.released(job(), 't', 0), outcomes.released(full, 't', 0)],
  expire: [outcomes.expired(job(), 0), outcomes.expired(job({ attempt: 5 }), 0)],
  cancel: [outcomes.cancelled('j', action)],
  retry: [outcomes.retried(job(), action)],
  reschedule: [outcomes.rescheduled(job(), { inMs: 1 }, action)],
  reprioritise: [outcomes.reprioritised(job(), 60, action)],
  edit: [outcomes.edited(job(), { payload: '1', run: { inMs: 1 }, priority: 60, tags: [], ext: '1' }, action)],
  trackStart: [outcomes.trackStarted(job(), action)],
  trackProgress: [outcomes.trackProgressed(job(), { progress: '1' }, action)],
  trackSucceed: [outcomes.trackSucceeded(job(), '1', action)],
  trackFail: [outcomes.trackFailed(job(), new Error('x'), 0, action)],
}

const BY_VERSION = 'by version'
const BY_FENCE = 'by fence'

/** What the short words mean stands on the page, below the table. */
const REPEATED: Readonly<Record<Command, string>> = {
  enqueue: 'by id',
  track: 'by id',
  claim: 'marked `again`',
  start: 'refused, but running under its token: done',
  heartbeat: 'harmless',
  progress: 'harmless',
  succeed: BY_FENCE,
  fail: BY_FENCE,
  snooze: BY_FENCE,
  release: BY_FENCE,
  expire: 'refused: somebody did it, or the holder is back',
  cancel: 'refused as cancelled: by the nonce in its last event',
  retry: BY_VERSION,
  reschedule: BY_VERSION,
  reprioritise: BY_VERSION,
  edit: BY_VERSION,
  trackStart: BY_VERSION,
  trackProgress: BY_VERSION,
  trackSucceed: BY_VERSION,
  trackFail: BY_VERSION,
}

/** Events that are written only where the lane asks for them. */
const ASKED_FOR: readonly Command[] = ['heartbeat', 'progress']

export function commandRows(): string {
  const rows = (Object.keys(SENDS) as Command[]).map((command) => {
    const sent = SENDS[command]
    const { event } = TRANSITIONS[command]
    const [guard, set] = 'guard' in sent ? [sent.guard, sent.set] : [unique(sent.map(guardOf)), unique(sent.map(setOf))]
    if (!('guard' in sent) && sent.some((change) => change.event.type !== event))
      throw new Error(`${command} sends another event than transitions.ts says`)
    const written = ASKED_FOR.includes(command)
      ? `none; \`${event}\`, by a \`Change\`, where the lane asks for it`
      : `\`${event}\``
    return `| ${command} | ${guard} | ${set} | ${written} | ${REPEATED[command]} |`
  })
  const head = ['| command | guard | set | event | repeated after an unknown outcome |', '|---|---|---|---|---|']
  return [...head, ...rows].join('\n')
}

const unique = (texts: readonly string[]): string => [...new Set(texts)].join(' · ')

function guardOf({ guard }: Change): string {
  const { token, states, version, leaseOver } = guard
  return [
    token !== undefined && 'token',
    version !== undefined && 'version read',
    states && `state ${states.map((state) => `\`${state}\``).join(' ')}`,
    leaseOver && 'lease over',
  ]
    .filter(Boolean)
    .join(', ')
}

function setOf({ set }: Change): string {
  return Object.entries(set)
    .map(([field, value]) => {
      if (field === 'state') return `\`${value}\``
      if (field === 'attempt') return value === 0 ? 'attempt 0' : 'attempt − 1'
      return value === null ? `${field} null` : field
    })
    .join(', ')
}
