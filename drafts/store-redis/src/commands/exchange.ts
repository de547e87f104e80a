import type { Batch, BatchResult, Claim } from '@stint/core'
import { WALKING } from '../library.js'
import { type Packed, TAKE_BODIES } from '../record.js'
import { answerOfChange, argumentsOfBeat, argumentsOfChange, CHANGE, type ChangeAnswer } from './change.js'
import { answerOfClaim, argumentsOfClaim, CLAIM, type ClaimAnswer } from './claim.js'
import { answerOfInsert, argumentsOfInsert, INSERT, INSTANT } from './insert.js'
import { ANSWERED, growing, type Script, writing } from './script.js'

const BODY = String.raw`
local function each(part)
  local answers = {}
  for i = 1, tonumber(take()) do answers[i] = part() end
  return answers
end
local inserts, changes, beats, claims = each(insert), each(change), each(beat), each(claim)
return answered({ inserts, changes, beats, claims })
`
const PARTS = [ANSWERED, TAKE_BODIES, WALKING, INSTANT, INSERT, CHANGE, CLAIM, BODY] as const
/** Two, since a server without memory shall refuse new jobs and nothing else. */
const WITH_INSERTS = growing(...PARTS)
const WITHOUT = writing(...PARTS)
export const EXCHANGE: readonly Script[] = [WITH_INSERTS, WITHOUT]

export type ExchangeAnswer = readonly [
  inserts: readonly (number | Packed)[],
  changes: readonly ChangeAnswer[],
  beats: readonly ChangeAnswer[],
  claims: readonly ClaimAnswer[],
]

export function exchangeOf({ inserts = [], changes = [], beats = [], claims = [] }: Batch): {
  readonly script: Script
  readonly args: readonly string[]
} {
  const args: string[] = []
  const part = <Item>(items: readonly Item[], argumentsOf: (item: Item) => readonly string[]): void => {
    args.push(String(items.length))
    for (const item of items) args.push(...argumentsOf(item))
  }
  part(inserts, argumentsOfInsert)
  part(changes, argumentsOfChange)
  part(beats, argumentsOfBeat)
  part(claims, argumentsOfClaim)
  return { script: inserts.length > 0 ? WITH_INSERTS : WITHOUT, args }
}

/** What the answer is made with, besides the script's: copies, since a caller may change its objects while the call is under way. */
export const keptOf = ({ inserts = [], claims = [] }: Batch): Pick<Required<Batch>, 'inserts' | 'claims'> => ({
  inserts: inserts.map((job) => ({ ...job, run: { ...job.run }, tags: [...job.tags] })),
  claims: claims.map((claim) => (claim.again ? structuredClone(claim) : claim)),
})

export const answerOfExchange = (
  { inserts, claims }: ReturnType<typeof keptOf>,
  answer: ExchangeAnswer,
  now: number,
): BatchResult => ({
  inserts: inserts.map((job, n) => answerOfInsert(job, answer[0][n] ?? 1, now)),
  changes: answer[1].map(answerOfChange),
  beats: answer[2].map(answerOfChange),
  claims: answer[3].map((one, n) => answerOfClaim(claims[n] as Claim, one)),
})
