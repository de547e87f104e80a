import type { ListPage, ListQuery } from '@stint/core'
import { cursorInvalid } from '../failures.js'
import { WALKING } from '../library.js'
import { codeOf, jobOf, type Packed } from '../record.js'
import { ANSWERED_READ, reading } from './script.js'

/** Places of a walk are { score, id }. `fetch(n, place)` gives the next n behind a place, in the walk's order. */
const FETCH = String.raw`
local walk, limit, bodies, queue, types, tag, states, from, to, descending, only, s, last_id = unpack(ARGV, cursor, cursor + 12)
limit = tonumber(limit)
local low, high = tonumber(from) or 0, tonumber(to) or math.huge

local function by_score(key, n, place)
  local out = {}
  local first
  if descending == '1' then
    local behind = place and rank_of(key, num(place[1]), place[2], false)
      or call('ZCOUNT', key, '-inf', to ~= '' and '(' .. to or '+inf')
    first = behind - n
    n = first < 0 and n + first or n
    first = math.max(0, first)
  else
    first = place and rank_of(key, num(place[1]), place[2], true) or (from ~= '' and call('ZCOUNT', key, '-inf', '(' .. from) or 0)
  end
  local got = n > 0 and call('ZRANGE', key, first, first + n - 1, 'WITHSCORES') or {}
  for i = 1, #got, 2 do out[#out + 1] = { tonumber(got[i + 1]), got[i] } end
  if descending == '1' then
    for i = 1, math.floor(#out / 2) do out[i], out[#out + 1 - i] = out[#out + 1 - i], out[i] end
  end
  return out
end

local fetch
if walk == 'id' then
  fetch = function(n, place)
    local out = {}
    local ids
    if descending == '1' then
      ids = call('ZREVRANGEBYLEX', at .. 'ids', place and '(' .. place[2] or '+', '-', 'LIMIT', 0, n)
    else
      ids = call('ZRANGEBYLEX', at .. 'ids', place and '(' .. place[2] or '-', '+', 'LIMIT', 0, n)
    end
    for i, id in ipairs(ids) do out[i] = { 0, id } end
    return out
  end
elseif walk == 'claim' then
  local keys = lines_of(queue, types)
  fetch = function(n, place) return lines(keys, n, only == '1', place and num(place[1]), place and place[2]) end
elseif walk == 'lease' then
  fetch = function(n, place) return by_score(at .. 'l', n, place) end
else
  fetch = function(n, place) return by_score(at .. 't:' .. states, n, place) end
end
`

const PAGE = String.raw`
local wanted
if types ~= '-' then
  wanted = {}
  for name in string.gmatch(string.sub(types, 2), '[^\t]+') do wanted[name] = true end
end
local function matches(r)
  if queue ~= '' and r[QUEUE] ~= queue then return false end
  if wanted and not wanted[r[TYPE]] then return false end
  if tag ~= '' and not string.find('\t' .. r[TAGS] .. '\t', '\t' .. tag .. '\t', 1, true) then return false end
  if walk ~= 'id' then return true end
  local created = tonumber(r[CREATED])
  return (states == '-' or string.find(states, r[STATE], 1, true) ~= nil) and created >= low and created < high
end
-- Behind these nothing of the walk can match.
local function is_behind(place)
  if walk == 'lease' then return only == '1' and place[1] > now end
  if walk == 'finished' then return place[1] < low or place[1] >= high end
  return false
end

local answer, examined, most = { '', '' }, 0, 10 * limit + 1000
local place = last_id ~= '' and { tonumber(s), last_id } or nil
while true do
  local chunk = fetch(math.min(500, limit - #answer + 3), place)
  for _, one in ipairs(chunk) do
    if is_behind(one) then return answered(answer) end
    -- Judged when there is one more record, so that the last page of a walk has no cursor to nowhere.
    if examined > 0 and (#answer - 2 >= limit or examined >= most) then
      answer[1], answer[2] = num(place[1]), place[2]
      return answered(answer)
    end
    if matches(parsed(stored(one[2]))) then answer[#answer + 1] = record(one[2], bodies ~= '1') end
    examined = examined + 1
    place = one
  end
  if not chunk[1] then return answered(answer) end
end
`
export const LIST = reading(ANSWERED_READ, WALKING, FETCH, PAGE)

/** What the script asks of a walk, beside what all have: states, from, to, descending, only. */
function walkOf(query: ListQuery): readonly (string | number)[] {
  switch (query.walk) {
    case 'id': {
      const states = query.states === undefined ? '-' : query.states.map(codeOf).join('')
      return [states, query.createdFrom ?? '', query.createdTo ?? '', query.direction === 'desc' ? '1' : '', '']
    }
    case 'claim':
      return ['', '', '', '', query.dueOnly ? '1' : '']
    case 'lease':
      return ['', '', '', '', query.overOnly ? '1' : '']
    case 'finished': {
      const isDescending = query.direction === 'desc'
      return [codeOf(query.state), query.finishedFrom ?? '', query.finishedTo ?? '', isDescending ? '1' : '', '']
    }
  }
}

export function argumentsOfList(query: ListQuery): string[] {
  const { walk, limit, bodies, queue, types, tag, cursor } = query
  const [score, id] = cursor === undefined ? ['', ''] : placeAt(walk, cursor)
  return [
    ...[walk, limit, bodies ? '1' : '', queue ?? '', types === undefined ? '-' : `=${[...new Set(types)].join('\t')}`],
    ...[tag ?? '', ...walkOf(query), score, id],
  ].map(String)
}

function placeAt(walk: ListQuery['walk'], cursor: string): readonly [string, string] {
  const [, of, score, id] = /^([a-z]+):(\d{1,16}):([\w.:-]{1,128})$/.exec(cursor) ?? []
  if (of !== walk || score === undefined || id === undefined) throw cursorInvalid(cursor)
  return [score, id]
}

export type ListAnswer = readonly [score: string, id: string, ...Packed[]]

export const pageOf = ({ walk }: ListQuery, [score, id, ...packed]: ListAnswer): ListPage => ({
  jobs: packed.map(jobOf),
  cursor: id === '' ? null : `${walk}:${score}:${id}`,
})
