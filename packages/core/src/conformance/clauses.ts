/** Every clause of the contract, in its order: the one table that cases, failures and docs/store-contract.md are made from. */
import { claims } from './clauses/claims.js'
import type { Clause, ClauseGroup } from './clauses/clause.js'
import { dataAndBatches } from './clauses/data.js'
import { life } from './clauses/life.js'
import { reads } from './clauses/reads.js'
import { repeatsAndKeys } from './clauses/repeats-and-keys.js'
import { settingsAndRemoval } from './clauses/settings-and-removal.js'
import { time } from './clauses/time.js'
import { trail } from './clauses/trail.js'
import { transactions } from './clauses/transactions.js'
import { writes } from './clauses/writes.js'

export { type Clause, type ClauseGroup, PROMISES } from './clauses/clause.js'

export const CLAUSE_GROUPS: readonly ClauseGroup[] = [
  ...writes,
  ...claims,
  ...time,
  ...repeatsAndKeys,
  ...trail,
  ...reads,
  ...settingsAndRemoval,
  ...dataAndBatches,
  ...transactions,
  ...life,
]

export const CLAUSES: readonly Clause[] = CLAUSE_GROUPS.flatMap(({ clauses }) => clauses)

const byId = new Map(CLAUSES.map((clause) => [clause.id, clause]))

export const clauseOf = (id: string): Clause | undefined => byId.get(id)
