import type { Dice } from './chance.js'

/** Which faults a world has, and how often: a random subset with random rates, so that each seed is a different kind of bad day. */
export interface Swarm {
  /** Before it acts, and the caller is told that nothing happened. */
  readonly refuse: number
  /** Before it acts, and nobody knows. */
  readonly loseRequest: number
  /** After it acted. */
  readonly loseReply: number
  /** Nobody knows, and it acts a while later. */
  readonly late: number
  /** A batch that is not atomic stops in its middle. */
  readonly cut: number
  readonly slowMs: number
  readonly loseHint: number
  /** The store is away now and then. */
  readonly outages: boolean
  /** Wall clocks jump, back or forth. */
  readonly clockSteps: boolean
  readonly skewMs: number
  /** Hosts end without a word. */
  readonly crashes: boolean
  /** Hosts are closed in order and started again. */
  readonly restarts: boolean
  /** Abilities that the store declares: two batches under way at once; batches that are not whole. */
  readonly ownClock: boolean
  readonly atomicBatches: boolean
}

export function drawSwarm(dice: Dice): Swarm {
  const isOn = (): boolean => dice.happens(0.5)
  const rate = (most: number): number => (isOn() ? dice.random() * most : 0)
  return {
    refuse: rate(0.1),
    loseRequest: rate(0.05),
    loseReply: rate(0.1),
    late: rate(0.05),
    cut: rate(0.05),
    slowMs: isOn() ? dice.between(1, 400) : 0,
    loseHint: rate(0.8),
    outages: isOn(),
    clockSteps: isOn(),
    skewMs: isOn() ? dice.between(-20_000, 20_000) : 0,
    crashes: isOn(),
    restarts: isOn(),
    ownClock: isOn(),
    atomicBatches: isOn(),
  }
}
