import { describe, expect, test } from 'vitest'
import type { State } from '../../src/record.js'
import {
  type Command,
  explains,
  isHeld,
  isLegal,
  isTerminal,
  STATES,
  TERMINAL_STATES,
  TRANSITIONS,
  type Transition,
} from '../../src/transitions.js'

/** The state machine as the design tells it, written out once more by hand: a change of the table must be meant twice. */
const LEGAL: Record<Command, readonly State[]> = {
  enqueue: [],
  track: [],
  claim: ['queued'],
  start: ['leased'],
  heartbeat: ['leased', 'running'],
  progress: ['leased', 'running'],
  succeed: ['leased', 'running'],
  fail: ['leased', 'running'],
  snooze: ['leased', 'running'],
  release: ['leased', 'running'],
  expire: ['leased', 'running'],
  cancel: ['waiting', 'queued', 'leased', 'running'],
  retry: ['failed', 'dead', 'cancelled'],
  reschedule: ['queued'],
  reprioritise: ['queued'],
  edit: ['queued'],
  trackStart: ['waiting'],
  trackProgress: ['waiting', 'running'],
  trackSucceed: ['waiting', 'running'],
  trackFail: ['waiting', 'running'],
}
const steps = Object.entries<Transition>(TRANSITIONS)

describe.each(Object.entries(LEGAL) as [Command, readonly State[]][])('%s', (command, legal) => {
  test.each(STATES)('from %s › is legal exactly where the design says so', (state) => {
    expect(isLegal(command, state)).toBe(legal.includes(state))
  })
})

describe('the table', () => {
  test('a terminal state › is left by retry alone, and succeeded by nothing', () => {
    const leaving = (state: State): string[] =>
      steps.filter(([, step]) => step.from.includes(state)).map(([command]) => command)
    expect(TERMINAL_STATES.map((state) => [state, leaving(state)])).toEqual([
      ['succeeded', []],
      ['failed', ['retry']],
      ['dead', ['retry']],
      ['cancelled', ['retry']],
    ])
  })

  test('every state › is entered by some command', () => {
    for (const state of STATES) expect(steps.some(([, step]) => step.to.includes(state))).toBe(true)
  })

  test('a state › is terminal, or a command leads out of it that ends the job', () => {
    for (const state of STATES) expect(isTerminal(state)).toBe(!isLegal('cancel', state))
  })

  test('the holder of a lease › commands only where a lease can be', () => {
    for (const [, step] of steps) if (step.by === 'holder') expect(step.from.every(isHeld)).toBe(true)
  })
})

describe('explains', () => {
  test('what each command does from each of its states › is explained by its event', () => {
    for (const [, { event, from, to }] of steps) {
      for (const left of from.length === 0 ? [null] : from) {
        for (const entered of to) {
          const state = entered === 'same' ? left : entered
          if (event !== null && state !== null)
            expect([event, left, state, explains(event, left, state)]).toEqual([event, left, state, true])
        }
      }
    }
  })

  test.each<[string, State | null, State]>([
    ['enqueued', null, 'running'],
    ['enqueued', 'queued', 'queued'],
    ['leased', null, 'running'],
    ['leased', 'waiting', 'running'],
    ['leased', 'queued', 'queued'],
    ['started', 'queued', 'running'],
    ['succeeded', 'queued', 'succeeded'],
    ['failed', 'running', 'cancelled'],
    ['failed', 'waiting', 'dead'],
    ['retried', 'succeeded', 'queued'],
    ['cancelled', 'dead', 'cancelled'],
    ['heartbeat', 'leased', 'running'],
    ['progressed', 'queued', 'queued'],
    ['unheard of', 'queued', 'queued'],
  ])('%s from %s to %s › is explained by no command', (event, from, to) => {
    expect(explains(event, from, to)).toBe(false)
  })
})
