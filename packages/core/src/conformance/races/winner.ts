import assert from 'node:assert/strict'
import type { State } from '../../record.js'
import type { ChangeResult, Store } from '../../store.js'
import { eventsOf } from '../stage/fixtures.js'
import type { Side } from '../stage/storm.js'

/** What the job's events tell, in their order. */
export const typesOf = async (store: Store, id: string): Promise<string[]> =>
  (await eventsOf(store, id)).map(({ type }) => type)

/** Exactly one was applied; the other was refused and was shown the job as the winner left it. */
export function winner(one: ChangeResult, other: ChangeResult, states: Readonly<Record<Side, State>>): Side {
  assert.notEqual(one.ok, other.ok, 'exactly one of the two is applied')
  const [won, lost] = one.ok ? (['first', other] as const) : (['second', one] as const)
  assert.ok(!lost.ok && lost.why === 'guard', `the loser is refused by its guard, got ${JSON.stringify(lost)}`)
  assert.equal(lost.job.state, states[won], 'the loser is shown what the winner made of the job')
  return won
}
