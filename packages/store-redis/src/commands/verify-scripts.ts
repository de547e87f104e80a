import { ANSWERED, ANSWERED_READ, reading, type Script, writing } from './script.js'

/** Records to indexes: what each job should stand in. Answers with the next cursor, how many, what is missing, what is broken, and counts. */
const JOBS = String.raw`
local found = call('SCAN', take(), 'MATCH', at .. 'j:*', 'COUNT', 200)
local missing, broken, sums = {}, {}, {}
local function should(key, member, score)
  local has = call('ZSCORE', key, member)
  if has and tonumber(has) == tonumber(score) then return end
  missing[#missing + 1] = key .. ' ' .. member
  if is_repair then call('ZADD', key, score, member) end
end
local entries = {}
local function is_in_feed(place, id, seq)
  if not entries[place] then
    local has, entry = {}, call('XRANGE', at .. 'f', place .. '-0', place .. '-0')[1]
    for i = 1, entry and #entry[2] or 0, 2 do has[entry[2][i] .. '\n' .. entry[2][i + 1]] = true end
    entries[place] = has
  end
  return entries[place][id .. '\n' .. seq]
end
-- All events of a job that lacks one go to the end, in their order: whoever follows the feed meets them again.
local function trail(id, version)
  local texts, is_whole = {}, true
  for seq = 1, version do
    local text = call('HGET', job(id), num(seq))
    local place = text and match(text, '^%d+')
    if not place then
      broken[#broken + 1] = id .. ' ' .. num(seq)
      return
    end
    texts[seq] = text
    if not is_in_feed(place, id, num(seq)) then
      missing[#missing + 1] = at .. 'f ' .. id .. ' ' .. num(seq)
      is_whole = false
    end
  end
  if is_whole or not is_repair then return end
  for seq, text in ipairs(texts) do
    call('HSET', job(id), num(seq), placed(id, num(seq)) .. string.sub(text, #match(text, '^%d+') + 1))
  end
end
for _, key in ipairs(found[2]) do
  local id = string.sub(key, #at + 3)
  local s = call('HGET', key, 's')
  local r = s and { match(s, RECORD) } or {}
  if not r[1] then
    broken[#broken + 1] = id
  else
    should(at .. 'ids', id, '0')
    if r[STATE] == QUEUED then
      should(ready(r), id, score(r))
      if call('SISMEMBER', at .. 'q:' .. r[QUEUE], r[TYPE]) == 0 then
        missing[#missing + 1] = at .. 'q:' .. r[QUEUE] .. ' ' .. r[TYPE]
        if is_repair then call('SADD', at .. 'q:' .. r[QUEUE], r[TYPE]) end
      end
    end
    if r[TOKEN] ~= '' then should(at .. 'l', id, r[UNTIL]) end
    if TERMINAL[r[STATE]] then should(at .. 't:' .. r[STATE], id, r[FINISHED]) end
    if r[KEY] ~= '' and not TERMINAL[r[STATE]] and not call('HGET', at .. 'k', keyed(r)) then
      missing[#missing + 1] = at .. 'k ' .. r[KEY]
      if is_repair then call('HSET', at .. 'k', keyed(r), id) end
    end
    trail(id, tonumber(r[VERSION]))
    local name = r[QUEUE] .. '|' .. r[STATE]
    sums[name] = (sums[name] or 0) + 1
  end
end
local flat = {}
for name, sum in pairs(sums) do
  flat[#flat + 1] = name
  flat[#flat + 1] = num(sum)
end
return answered({ found[1], #found[2], missing, broken, flat })
`

/** Indexes to records: members that no record stands behind. */
const INDEX = String.raw`
local key, cursor_there = take(), take()
local kind = string.sub(key, #at + 1, #at + 1)
local is_hash = kind == 'k' or kind == 'g'
local found = call(is_hash and 'HSCAN' or 'ZSCAN', key, cursor_there, 'COUNT', 500)
local stray = {}
for i = 1, #found[2], 2 do
  local member = found[2][i]
  local s = stored(kind == 'k' and found[2][i + 1] or member)
  local r = s and { match(s, RECORD) } or {}
  local is_right = kind == 'g' and call('XRANGE', at .. 'f', member .. '-0', member .. '-0')[1] ~= nil
  is_right = is_right or r[1] ~= nil and (kind == 'i'
    or (kind == 'l' and r[TOKEN] ~= '')
    or (kind == 't' and key == at .. 't:' .. r[STATE])
    or (kind == 'r' and r[STATE] == QUEUED and ready(r) == key)
    or (kind == 'k' and r[KEY] ~= '' and not TERMINAL[r[STATE]] and keyed(r) == member))
  if not is_right then
    stray[#stray + 1] = key .. ' ' .. member
    if is_repair then call(is_hash and 'HDEL' or 'ZREM', key, member) end
  end
end
return answered({ found[1], stray })
`

/** The position to go on from, which the stream would refuse if it were too low. */
const POSITION = String.raw`
local wrong = {}
local info = call('EXISTS', at .. 'f') == 1 and call('XINFO', 'STREAM', at .. 'f') or {}
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then
    local place = tonumber(match(info[i + 1], '^%d+'))
    if tonumber(call('HGET', KEYS[1], 'feed') or '0') < place then
      wrong[1] = KEYS[1] .. ' feed'
      if is_repair then call('HSET', KEYS[1], 'feed', num(place + ENTRY)) end
    end
  end
end
return answered(wrong)
`

/** The feed to records: entries of which nothing is left, and how much is left of the others. */
const FEED = String.raw`
local from = take()
local found = call('XRANGE', at .. 'f', from == '0' and '-' or '(' .. from, '+', 'COUNT', 200)
local stray, wrong = {}, {}
for _, entry in ipairs(found) do
  local place, all = match(entry[1], '^%d+'), entry[2]
  local left = 0
  for i = 1, #all, 2 do
    local text = call('HGET', job(all[i]), all[i + 1])
    if text and match(text, '^%d+') == place then left = left + 1 end
  end
  local kept = call('HGET', at .. 'g', place)
  local should = left < #all / 2 and num(left)
  if left == 0 then
    stray[#stray + 1] = at .. 'f ' .. place
    if is_repair then call('XDEL', at .. 'f', entry[1]) end
  elseif kept ~= should then
    wrong[#wrong + 1] = at .. 'g ' .. place
  end
  if is_repair and kept ~= should then
    if left == 0 or not should then call('HDEL', at .. 'g', place) else call('HSET', at .. 'g', place, should) end
  end
end
return answered({ found[1] and found[#found][1] or '0', stray, wrong })
`

const LINES = String.raw`
return answered(call('SCAN', take(), 'MATCH', at .. 'r:*', 'COUNT', 1000))
`

const COUNTS = String.raw`
local wrong = {}
local kept = {}
for i = cursor, #ARGV, 2 do kept[ARGV[i]] = ARGV[i + 1] end
local flat = call('HGETALL', at .. 'n')
for i = 1, #flat, 2 do
  if kept[flat[i]] ~= flat[i + 1] then
    wrong[#wrong + 1] = at .. 'n ' .. flat[i]
    if is_repair then call('HDEL', at .. 'n', flat[i]) end
  end
end
for name, sum in pairs(kept) do
  if call('HGET', at .. 'n', name) ~= sum then
    if call('HEXISTS', at .. 'n', name) == 0 and not is_repair then wrong[#wrong + 1] = at .. 'n ' .. name end
    if is_repair then call('HSET', at .. 'n', name, sum) end
  end
end
return answered(wrong)
`

const bothOf = (body: string): { readonly look: Script; readonly repair: Script } => ({
  look: reading(ANSWERED_READ, 'local is_repair = false', body),
  repair: writing(ANSWERED, 'local is_repair = true', body),
})
/** Each in two forms: one only looks. */
export const SCRIPTS = {
  ...{ position: bothOf(POSITION), jobs: bothOf(JOBS), index: bothOf(INDEX), feed: bothOf(FEED) },
  ...{ lines: bothOf(LINES), counts: bothOf(COUNTS) },
} as const
