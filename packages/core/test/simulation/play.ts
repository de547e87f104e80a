import type { Command } from '../../src/transitions.js'
import { commandOf } from './commands.js'
import { World } from './world.js'

export interface Played {
  readonly seed: number
  /** The audit feed, a line an event. */
  readonly text: string
  /** What did not hold; null: everything did. */
  readonly failure: unknown
  readonly told: ReadonlyMap<string, number>
  readonly commands: ReadonlySet<Command>
  readonly trace: readonly string[]
}

/** One world from its beginning to its end. A rejection that nobody handled fails it. */
export async function play(seed: number, isTraced = false): Promise<Played> {
  const world = new World(seed, isTraced)
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', note)
  let failure: unknown = null
  try {
    await world.run()
    if (unhandled.length > 0) failure = new Error('a rejection that nobody handled', { cause: unhandled[0] })
  } catch (error) {
    failure = error
  } finally {
    process.off('unhandledRejection', note)
  }
  const { events, removed } = world.witness
  const { told } = world.ledger
  told.set('unknown', world.net.unknowns)
  told.set('removed', removed.size)
  told.set('expired', events.filter((event) => event.type === 'lease_expired').length)
  return {
    seed,
    text: world.witness.text(),
    failure,
    told,
    commands: new Set(events.map(commandOf)),
    trace: world.lines ?? [],
  }
}

/** The first line in which two runs differ; null: none. */
export function difference(one: string, other: string): string | null {
  if (one === other) return null
  const [a, b] = [one.split('\n'), other.split('\n')]
  const at = a.findIndex((line, index) => line !== b[index])
  const line = at < 0 ? a.length : at
  return `event ${line}:\n  ${a[line] ?? '(nothing)'}\n  ${b[line] ?? '(nothing)'}`
}
