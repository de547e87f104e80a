import assert from 'node:assert/strict'
import type { Store } from '../../store.js'
import { fact, type StoreCase } from '../case.js'
import { long } from '../processes/long.js'
import { withOpenProcesses } from '../processes/with-processes.js'
import type { Stage } from '../stage/stage.js'

interface Race {
  readonly n: number
  /** What meets what. */
  readonly what: string
  /** What must hold, and the clauses. */
  readonly holds: string
}

/** Of two handles, in this process; and of two real processes, each with a store of its own, where they can be started. */
export const raced = (
  { n, what, holds }: Race,
  play: (a: Store, b: Store, stage: Stage) => Promise<void>,
): StoreCase[] => [
  fact(`race ${n} › ${what} › ${holds}`, (stage) => play(stage.a, stage.b, stage)),
  long(`race ${n} › ${what}, in two processes › ${holds}`, (stage) =>
    withOpenProcesses(stage, 2, async ([a, b]) => {
      assert.ok(a && b)
      await play(a, b, stage)
    }),
  ),
]

/** A call that an open transaction keeps waiting does not settle, whatever else is asked and answered meanwhile. */
export async function mustWait({ a }: Stage, call: Promise<unknown>): Promise<void> {
  let isSettled = false
  const settle = (): void => {
    isSettled = true
  }
  call.then(settle, settle)
  for (let n = 0; n < 5; n++) {
    await a.get(['nobody'])
    assert.equal(isSettled, false, 'the call settled while the transaction that it has to wait for was open')
  }
}
