import type { Batch, BatchResult, Claim } from '@stint/core'
import { WALKING } from '../library.js'
import { type Packed, TAKE_BODIES } from '../record.js'
import { answerOfChange, argumentsOfBeat, argumentsOfChange, BEAT, CHANGE, type ChangeAnswer, HOLDS } from './change.js'
import { answerOfClaim, argumentsOfClaim, CLAIM, type ClaimAnswer } from './claim.js'
import { answerOfInsert, argumentsOfInsert, INSERT, INSTANT } from './insert.js'
import { ANSWERED, growing, type Script, writing } from './script.js'

const EACH = String.raw`
local function each(part)
  local answers = {}
  for i = 1, tonumber(take()) do answers[i] = part() end
  return answers
end
`

const made = new Map<string, Script>()

/**
 * Of the parts that a batch has, since each function in a script is made anew at every call: all of them together are some 20 µs. A server without
 * memory shall refuse new jobs and nothing else.
 */
export function scriptOf({ inserts = [], changes = [], beats = [], claims = [] }: Batch): Script {
  const has = {
    insert: inserts.length > 0,
    change: changes.length > 0,
    beat: beats.length > 0,
    claim: claims.length > 0,
  }
  const name = Object.values(has).join()
  const known = made.get(name)
  if (known !== undefined) return known
  const part = (part: keyof typeof has): string => (has[part] ? `each(${part})` : '{}')
  const script = (has.insert ? growing : writing)(
    ...[ANSWERED, TAKE_BODIES, INSTANT],
    ...(has.insert ? [INSERT] : []),
    ...(has.change || has.beat ? [HOLDS] : []),
    ...(has.change ? [CHANGE] : []),
    ...(has.beat ? [BEAT] : []),
    ...(has.claim ? [WALKING, CLAIM] : []),
    EACH,
    // In this order: a claim may take what the changes put back.
    `local inserts = ${part('insert')}`,
    `local changes = ${part('change')}`,
    `local beats = ${part('beat')}`,
    `return answered({ inserts, changes, beats, ${part('claim')} })`,
  )
  made.set(name, script)
  return script
}

export type ExchangeAnswer = readonly [
  inserts: readonly (number | Packed)[],
  changes: readonly ChangeAnswer[],
  beats: readonly ChangeAnswer[],
  claims: readonly ClaimAnswer[],
]

export function argumentsOfExchange({ inserts = [], changes = [], beats = [], claims = [] }: Batch): string[] {
  const args: string[] = []
  const part = <Item>(items: readonly Item[], argumentsOf: (item: Item) => readonly string[]): void => {
    if (items.length > 0) args.push(String(items.length))
    for (const item of items) args.push(...argumentsOf(item))
  }
  part(inserts, argumentsOfInsert)
  part(changes, argumentsOfChange)
  part(beats, argumentsOfBeat)
  part(claims, argumentsOfClaim)
  return args
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
