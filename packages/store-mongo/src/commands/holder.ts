import type { Key } from './read.js'
import type { Step } from './step.js'

/**
 * An open transaction of a user may be about to free a key. An index does not wait for that, but a write to the holder does; so where there
 * are transactions whoever was refused by a key writes to its holder, in a field that nobody reads, before it looks who it is (UNIQ-4).
 */
export async function awaitOpen({ session, op }: Step, keys: readonly Key[]): Promise<void> {
  if (keys.length === 0 || session.isInTx || !session.scope.meetsTransactions) return
  await session.update('jobs', [
    {
      q: { $or: keys.map(({ queue, key }) => ({ queue, live: key })), ...session.inTime() },
      u: { $set: { met: op } },
      multi: true,
    },
  ])
}
