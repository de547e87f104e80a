/**
 * The state machine as data. Guards, per-state tests, the diagram in the docs and the error for a refused command all come from this table.
 */
import type { State, Terminal } from './record.js'

/** In this order for good: a store may keep a state as its place here, so a new one stands last. */
export const STATES = [
  'waiting',
  'queued',
  'leased',
  'running',
  'succeeded',
  'failed',
  'dead',
  'cancelled',
] as const satisfies readonly State[]
export const TERMINAL_STATES = ['succeeded', 'failed', 'dead', 'cancelled'] as const satisfies readonly Terminal[]

export const isTerminal = (state: State): state is Terminal =>
  state === 'succeeded' || state === 'failed' || state === 'dead' || state === 'cancelled'
/** Leased or running: somebody's token is in force (or, when tracked, nobody's). */
export const isHeld = (state: State): boolean => state === 'leased' || state === 'running'

/** Who may give a command: anyone with the id, the holder of the lease, or the sweep once the lease is over. */
export type By = 'producer' | 'worker' | 'holder' | 'sweep' | 'anyone' | 'operator' | 'tracker'

export interface Transition {
  readonly by: By
  /** Empty: the job is not there yet. */
  readonly from: readonly State[]
  /** Where it may lead. `same`: the state stays. */
  readonly to: readonly (State | 'same')[]
  /** The audit event; null: none. */
  readonly event: string | null
}

const HELD = ['leased', 'running'] as const
const TRACKED = ['waiting', 'running'] as const

export const TRANSITIONS = {
  enqueue: { by: 'producer', from: [], to: ['queued'], event: 'enqueued' },
  track: { by: 'producer', from: [], to: ['waiting'], event: 'enqueued' },
  claim: { by: 'worker', from: ['queued'], to: ['leased', 'running'], event: 'leased' },
  start: { by: 'holder', from: ['leased'], to: ['running'], event: 'started' },
  heartbeat: { by: 'holder', from: HELD, to: ['same'], event: 'heartbeat' },
  progress: { by: 'holder', from: HELD, to: ['same'], event: 'progressed' },
  succeed: { by: 'holder', from: HELD, to: ['succeeded'], event: 'succeeded' },
  fail: { by: 'holder', from: HELD, to: ['queued', 'failed', 'dead'], event: 'failed' },
  snooze: { by: 'holder', from: HELD, to: ['queued', 'dead'], event: 'snoozed' },
  release: { by: 'holder', from: HELD, to: ['queued', 'dead'], event: 'released' },
  expire: { by: 'sweep', from: HELD, to: ['queued', 'dead'], event: 'lease_expired' },
  cancel: { by: 'anyone', from: ['waiting', 'queued', 'leased', 'running'], to: ['cancelled'], event: 'cancelled' },
  retry: { by: 'operator', from: ['failed', 'dead', 'cancelled'], to: ['queued'], event: 'retried' },
  reschedule: { by: 'operator', from: ['queued'], to: ['queued'], event: 'rescheduled' },
  reprioritise: { by: 'operator', from: ['queued'], to: ['queued'], event: 'reprioritised' },
  edit: { by: 'operator', from: ['queued'], to: ['queued'], event: 'edited' },
  trackStart: { by: 'tracker', from: ['waiting'], to: ['running'], event: 'started' },
  trackProgress: { by: 'tracker', from: TRACKED, to: ['same'], event: 'progressed' },
  trackSucceed: { by: 'tracker', from: TRACKED, to: ['succeeded'], event: 'succeeded' },
  trackFail: { by: 'tracker', from: TRACKED, to: ['failed'], event: 'failed' },
} as const satisfies Readonly<Record<string, Transition>>

export type Command = keyof typeof TRANSITIONS

/** Whether the table lets `command` act on a job in `state`. */
export const isLegal = (command: Command, state: State): boolean =>
  (TRANSITIONS[command].from as readonly State[]).includes(state)

/**
 * Whether an event of that type may lead from one state to another: what a replay of an audit trail is checked with.
 * Several commands write one type of event, so any of them may explain it.
 */
export function explains(event: string, from: State | null, to: State): boolean {
  return Object.values<Transition>(TRANSITIONS).some(
    (step) =>
      step.event === event &&
      (from === null ? step.from.length === 0 : step.from.includes(from)) &&
      (step.to.includes(to) || (step.to.includes('same') && from === to)),
  )
}
