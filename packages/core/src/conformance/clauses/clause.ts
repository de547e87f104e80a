/** What a clause is. `says` must hold, `why` is what happens to people where it does not, `look` leads to the place in a store that breaks it. */
export interface Clause {
  /** `ATOM-1`: a group and a number, for ever the same. */
  readonly id: string
  /** Which promise of the README falls with it. */
  readonly promise: keyof typeof PROMISES
  readonly says: string
  readonly why: string
  /** Reads on from "look at". */
  readonly look: string
}

/** What stands under one heading of docs/store-contract.md. */
export interface ClauseGroup {
  readonly title: string
  readonly clauses: readonly Clause[]
}

/** The promises of the README, in short. */
export const PROMISES = {
  1: 'a job whose enqueue was acknowledged is never lost',
  2: 'at most one completion is accepted per lease',
  3: 'every accepted change has exactly one audit event, written in the same step',
  4: 'every write may be repeated and is answered as the first one was; what cannot be known is never called failed',
  5: 'the same program behaves the same on every store, and what a store cannot do it declares',
} as const
