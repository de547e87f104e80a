import type { EventRecord, EventsQuery, FeedPage, FeedQuery } from '@stint/core'
import { cursorInvalid } from '../failures.js'
import { eventOfText } from '../record.js'
import { ANSWERED_READ, reading } from './script.js'

/** Answers with the queue and the texts from the first on. */
export const EVENTS = reading(
  ANSWERED_READ,
  String.raw`
local id, after, limit = take(), tonumber(take()), tonumber(take())
local s = stored(id)
if not s then return answered({ '' }) end
local r = parsed(s)
local answer = { r[QUEUE] }
local last = math.min(tonumber(r[VERSION]), after + limit)
for from = after + 1, last, SLICE do
  local seqs = {}
  for seq = from, math.min(last, from + SLICE - 1) do seqs[#seqs + 1] = seq end
  for _, text in ipairs(call('HMGET', job(id), unpack(seqs))) do answer[#answer + 1] = text end
end
return answered(answer)
`,
)

export const argumentsOfEvents = (jobId: string, { afterSeq = 0, limit }: EventsQuery): string[] => [
  jobId,
  String(afterSeq),
  String(limit),
]

export const eventsOf = (
  jobId: string,
  { afterSeq = 0 }: EventsQuery,
  [queue = '', ...texts]: readonly string[],
): EventRecord[] => texts.map((text, n) => eventOfText(jobId, queue, afterSeq + 1 + n, text))

/** The feed is a stream whose ids are positions: never used twice, and the space of removed ones comes back. A job that went leaves its place empty. */
export const FEED = reading(
  ANSWERED_READ,
  String.raw`
local after, limit = take(), tonumber(take())
local last = call('HGET', KEYS[1], 'feed') or '0'
if after == 'end' then after = last end
if tonumber(after) > tonumber(last) then return answered({ last, '' }) end
local answer = { last, after }
local feed = at .. 'f'
-- The entry that holds the next position may begin before it.
local within = call('XREVRANGE', feed, after .. '-0', '-', 'COUNT', 1)[1]
local from = within and within[1] or '-'
while #answer - 2 < limit do
  local entries = call('XRANGE', feed, from, '+', 'COUNT', math.min(50, limit - #answer + 2))
  if not entries[1] then break end
  for _, entry in ipairs(entries) do
    local place, pairs_of = match(entry[1], '^%d+'), entry[2]
    for i = 1, #pairs_of, 2 do
      local at_position = place + (i - 1) / 2
      if at_position > tonumber(after) and #answer - 2 < limit then
        local id, seq = pairs_of[i], pairs_of[i + 1]
        local s = call('HMGET', job(id), 's', seq)
        if s[2] and match(s[2], '^%d+') == place then
          answer[#answer + 1] = { num(at_position), id, parsed(s[1])[QUEUE], seq, s[2] }
        end
      end
    end
    from = '(' .. entry[1]
  end
end
return answered(answer)
`,
)

export function argumentsOfFeed({ after, limit }: FeedQuery): string[] {
  if (after !== 'start' && after !== 'end' && !/^\d{1,16}$/.test(after)) throw cursorInvalid(after)
  return [after === 'start' ? '0' : after, String(limit)]
}

type Entry = readonly [position: string, id: string, queue: string, seq: string, text: string]
export type FeedAnswer = readonly [last: string, after: string, ...Entry[]]

export function feedPageOf({ after: asked, limit }: FeedQuery, [last, after, ...entries]: FeedAnswer): FeedPage {
  if (after === '') throw cursorInvalid(asked)
  const events = entries.map(([position, id, queue, seq, text]) => ({
    ...eventOfText(id, queue, Number(seq), text),
    cursor: position,
  }))
  // A page that is not full has met the last event there is: whatever stood behind it was removed.
  const to = entries.length < limit ? last : (entries.at(-1)?.[0] ?? last)
  return { events, cursor: to, caughtUp: to === last }
}
