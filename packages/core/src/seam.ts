/**
 * The one place of core that touches time, timers, chance and ids; a lint rule says so. Everything else takes a `Seam`, so a simulation that
 * owns it owns every source of difference between two runs. Its time part is the public `Clock`; the rest rides on a clock under a symbol,
 * so whoever gives a store a clock of their own gives the queue on top of it the whole seam.
 */
import { monotonicFactory } from 'ulid'
import type { Clock } from './clock.js'

export interface Chance {
  /** Uniform in [0, 1). */
  random(): number
  /** A new job id, sorting after those before it. */
  id(now: number): string
  /** 128 bits that nobody can guess, as 22 URL-safe characters. */
  nonce(): string
}

export interface Seam extends Clock, Chance {
  /** Milliseconds that never step back: for measuring spans, never stored. */
  monotonic(): number
  /**
   * Runs at the end of the present turn, behind every promise that can settle by then; no timer, so it costs a lone caller nothing. Only once a
   * turn: a store in this process answers without the loop, and a chain of promises through it would keep timers and sockets waiting for ever.
   */
  soon(run: () => void): void
  /** A timer that does not keep the process: for upkeep, which nobody waits for. */
  background(ms: number, run: () => void): () => void
  /** null, or a promise of the next turn when this one has had its share of store calls. */
  breathe(): Promise<void> | null
  /** A store call is under way until the answer is called: virtual time waits for it. */
  busy(): () => void
}

/** What a test's clock may carry besides time. */
export const CHANCE = Symbol.for('stint.chance')
export const BUSY = Symbol.for('stint.busy')
/** For a clock whose `now` steps back, as those of hosts do: time that does not. */
export const MONOTONIC = Symbol.for('stint.monotonic')
export interface OwnedClock extends Clock {
  readonly [CHANCE]?: Chance
  readonly [BUSY]?: () => () => void
  readonly [MONOTONIC]?: () => number
}

/** Node fires a timer of more than 2^31−1 ms at once; a longer sleep is several. */
const MAX_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    let timer: NodeJS.Timeout
    const sleep = (left: number): void => {
      timer = setTimeout(() => (left > MAX_TIMER_MS ? sleep(left - MAX_TIMER_MS) : run()), Math.min(left, MAX_TIMER_MS))
    }
    sleep(Math.max(0, ms))
    return () => clearTimeout(timer)
  },
}

const ulid = monotonicFactory()

const systemChance: Chance = {
  random: () => Math.random(),
  id: (now) => ulid(now),
  nonce: () => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url'),
}

const notCounted = (): void => {}

function inBackground(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, Math.min(Math.ceil(ms), MAX_TIMER_MS)).unref()
  return () => clearTimeout(timer)
}

const READS_A_TURN = 50

/** How often something happened in this turn of the event loop. */
class PerTurn {
  #times = 0

  count(): number {
    if (this.#times++ === 0)
      setImmediate(() => {
        this.#times = 0
      })
    return this.#times
  }
}

/** The seam of a queue whose store has that clock; null: the engine's own, so core's timers run on this host's. */
export function seamOf(clock: Clock | null): Seam {
  const time: OwnedClock = clock ?? systemClock
  const chance = time[CHANCE] ?? systemChance
  // Counted by each seam for itself: what another queue did in this turn must not change the order of a run.
  const flushes = new PerTurn()
  const reads = new PerTurn()
  return {
    now: () => time.now(),
    // Whole milliseconds, rounded up: stores count in them, and who wakes a fraction early finds nothing due.
    after: (ms, run) => time.after(Math.ceil(ms), run),
    background: (ms, run) => (time === systemClock ? inBackground(ms, run) : time.after(Math.ceil(ms), run)),
    monotonic:
      time[MONOTONIC] ?? (clock === null || clock === systemClock ? () => performance.now() : () => time.now()),
    soon: (run) => (flushes.count() === 1 ? process.nextTick(run) : void setImmediate(run)),
    breathe: () => (reads.count() > READS_A_TURN ? nextTurn() : null),
    busy: time[BUSY] ?? (() => notCounted),
    ...chance,
  }
}

/** About so long, from a half to once and a half: those who wait for the same thing do not come back together. */
export const pauseAbout = (seam: Pick<Seam, 'after' | 'random'>, ms: number): Promise<void> =>
  new Promise((resolve) => void seam.after(ms * (0.5 + seam.random()), resolve))

/** One whole turn of the event loop, in which real work may answer: virtual time waits so for what it cannot see. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** A new job id: a ULID, monotonic within the process. Made by the caller, so an enqueue may be repeated without making a second job. */
export const newJobId = (): string => ulid(Date.now())
