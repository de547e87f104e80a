/**
 * What every script begins with: names of fields, the clock, the rules of the kit, and the indexes that follow a record. Scripts are atomic but
 * are not undone, so nothing in here may fail once it has begun to write.
 */

/** Names in scripts that are put in as what they stand for: each name outside that a function uses costs anew at every call, some tenths of a µs. */
export const CONSTANTS: Readonly<Record<string, string>> = {
  // The places of a record.
  ...Object.fromEntries(
    [
      ...['STATE', 'VERSION', 'ATTEMPT', 'PRIORITY', 'RUN', 'CREATED', 'UPDATED', 'STARTED', 'FINISHED', 'FENCE'],
      ...['UNTIL', 'MOST', 'QUEUE', 'TYPE', 'WORKER', 'TOKEN', 'KEY', 'KEY_UNTIL', 'GROUP', 'TAGS'],
    ].map((name, n) => [name, String(n + 1)]),
  ),
  QUEUED: "'2'",
  RUNNING: "'4'",
  // 2^45: one band of scores for each priority.
  BAND: '35184372088832',
  // unpack has a limit of some 7,000.
  SLICE: '4000',
  // An entry of the feed holds up to so many events of one call. XADD is dear beside all else; an entry goes when the last job in it goes, so more
  // of them would keep more of those that went.
  ENTRY: '32',
  RECORD: `'^${fields(20)}$'`,
}

/** A pattern of so many fields, a line each. */
export function fields(count: number): string {
  return Array.from({ length: count }, () => String.raw`([^\n]*)`).join(String.raw`\n`)
}

/** `ARGV[1]` is the reading of a test's clock or empty, `ARGV[2]` the engine's instant behind which the call is over, `ARGV[3]` who sends. */
export const FIRST_ARGUMENT = 4

const NAMES = String.raw`
local call, concat, match = redis.call, table.concat, string.match
local at = string.sub(KEYS[1], 1, -2)
local HELD = { ['3'] = true, ['4'] = true }
local TERMINAL = { ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true }

local function num(n) return string.format('%.0f', n) end

local time = call('TIME')
local engine = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if ARGV[2] ~= '' and engine > tonumber(ARGV[2]) then
  return redis.error_reply('LATE the call came to the server behind its deadline')
end
local now = tonumber(ARGV[1]) or engine
local NOW = num(now)
local cursor = 4
local function take()
  cursor = cursor + 1
  return ARGV[cursor - 1]
end
-- What the items of a batch have in common is one text for all of them, which is taken apart once.
local known = {}
local function take_fields(pattern)
  local text = take()
  local parts = known[text]
  if not parts then
    parts = { match(text, pattern) }
    known[text] = parts
  end
  return unpack(parts)
end
`

const RECORDS = String.raw`
local function parsed(text)
  local r = { match(text, RECORD) }
  if not r[1] then error({ err = 'BROKEN a record is not as this store writes it' }) end
  return r
end

local function job(id) return at .. 'j:' .. id end
local function ready(r) return at .. 'r:' .. r[QUEUE] .. '|' .. r[TYPE] end
local function score(r) return num((100 - r[PRIORITY]) * BAND + r[RUN]) end
local function keyed(r) return r[QUEUE] .. '\n' .. r[KEY] end
local function stored(id) return call('HGET', job(id), 's') end

-- Head first, then the four bodies.
local function record(id, isHead)
  local f = isHead and call('HMGET', job(id), 's', 'x', 'g', 'f')
    or call('HMGET', job(id), 's', 'x', 'g', 'f', 'p', 'r', 'c', 'l')
  if not f[1] then return false end
  return { id, unpack(f) }
end
`

/** Writes to the indexes are gathered, so that a batch costs one command for each index; whoever reads an index flushes first. */
const INDEXES = String.raw`
local LEASES, KEYS_HELD, FEED = at .. 'l', at .. 'k', at .. 'f'
local gathered, order, counts, typed, touched, woken, ended = {}, {}, {}, {}, {}, {}, {}
local function send(list)
  for from = 3, #list, SLICE do
    call(list[1], list[2], unpack(list, from, math.min(#list, from + SLICE - 1)))
  end
end
local function flush()
  for _, key in ipairs(order) do send(gathered[key]) end
  gathered, order = {}, {}
end
-- One command is gathered for a key. Another sends it first: a job may come and go and come back within a batch.
local function later(command, key, a, b)
  local list = gathered[key]
  if not list then
    list = { command, key }
    gathered[key] = list
    order[#order + 1] = key
  elseif list[1] ~= command then
    send(list)
    list = { command, key }
    gathered[key] = list
  end
  list[#list + 1] = a
  if b then list[#list + 1] = b end
end
local function count(queue, state, by)
  local name = queue .. '|' .. state
  counts[name] = (counts[name] or 0) + by
end
local function holds_key(r) return r[KEY] ~= '' and not TERMINAL[r[STATE]] end

-- A job's times never fall.
local function moment(r) return tonumber(r[UPDATED]) > now and r[UPDATED] or NOW end

-- The indexes from the record before, nil: there was none, to the record after.
local function moved(id, a, b)
  local was, is = a and a[STATE], b[STATE]
  if is == QUEUED then
    local place = score(b)
    if was ~= QUEUED or score(a) ~= place then
      local line = ready(b)
      later('ZADD', line, place, id)
      if not typed[line] then
        later('SADD', at .. 'q:' .. b[QUEUE], b[TYPE])
        typed[line] = true
      end
    end
    woken[b[QUEUE]] = true
  elseif was == QUEUED then
    local line = ready(a)
    later('ZREM', line, id)
    touched[line] = a
  end
  if b[TOKEN] ~= '' then
    if not a or a[UNTIL] ~= b[UNTIL] then later('ZADD', LEASES, b[UNTIL], id) end
  elseif a and a[TOKEN] ~= '' then
    later('ZREM', LEASES, id)
  end
  if was ~= is then
    if TERMINAL[was or ''] then later('ZREM', at .. 't:' .. was, id) end
    if TERMINAL[is] then later('ZADD', at .. 't:' .. is, b[FINISHED], id) end
    if was then count(a[QUEUE], was, -1) end
    count(b[QUEUE], is, 1)
  end
  if b[KEY] ~= '' or (a and a[KEY] ~= '') then
    local had, has = a and holds_key(a), holds_key(b)
    if had and not has then call('HDEL', KEYS_HELD, keyed(a)) end
    if has and not had then call('HSET', KEYS_HELD, keyed(b), id) end
  end
  if a and (TERMINAL[is] or (a[TOKEN] ~= '' and b[TOKEN] == '')) then ended[#ended + 1] = b[QUEUE] .. '\t' .. id end
end

-- An entry holds job and number of each of its events, and stands at the position of the first.
local position, entry, place
local function send_entry()
  if entry then call('XADD', FEED, place .. '-0', unpack(entry)) end
  entry = nil
end
-- Answers with the place of the entry.
local function placed(id, seq)
  if not position then position = tonumber(call('HGET', KEYS[1], 'feed') or '0') end
  position = position + 1
  if entry and #entry == 2 * ENTRY then send_entry() end
  if not entry then entry, place = {}, num(position) end
  entry[#entry + 1] = id
  entry[#entry + 1] = seq
  return place
end

-- The text of the event of a step from a (nil: none) to b. attempt, fence and worker are of the lease in force before, else of the new one.
local function event(id, a, b, kind, actor, detail)
  local of = a and a[TOKEN] ~= '' and a or b
  local text = concat({ placed(id, b[VERSION]), kind, b[UPDATED], a and a[STATE] or '', b[STATE], of[ATTEMPT], of[FENCE], of[WORKER], actor }, '\n')
  return detail and (text .. '\n' .. detail) or text
end

-- All that was gathered; answers with what others may like to hear, a line each.
local function finish()
  flush()
  send_entry()
  for name, by in pairs(counts) do
    if by ~= 0 and call('HINCRBY', at .. 'n', name, num(by)) == 0 then call('HDEL', at .. 'n', name) end
  end
  for key, r in pairs(touched) do
    if call('EXISTS', key) == 0 then call('SREM', at .. 'q:' .. r[QUEUE], r[TYPE]) end
  end
  if position then call('HSET', KEYS[1], 'feed', num(position)) end
  local lines = {}
  for queue in pairs(woken) do lines[#lines + 1] = queue end
  for _, line in ipairs(ended) do lines[#lines + 1] = line end
  local said = concat(lines, '\n')
  if said ~= '' then call('PUBLISH', at .. 'h', ARGV[3] .. '\n' .. said) end
  return said
end
`

/** Walks over sorted sets by rank: members of one score stand by the bytes of their ids, which no range by score can begin behind. */
const WALKS = String.raw`
-- Lua's own comparison goes by the server's locale.
local function is_less(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

-- How many members stand before the place; with itself, the member at the place too.
local function rank_of(key, s, id, with)
  local low = call('ZCOUNT', key, '-inf', '(' .. s)
  local high = low + call('ZCOUNT', key, s, s)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local there = call('ZRANGE', key, middle, middle)[1]
    if is_less(there, id) or (with and there == id) then low = middle + 1 else high = middle end
  end
  return low
end

-- The first n of a line behind the place (nil: from its beginning) as { score, id }, in claim order; by due, only what is due by now: from one
-- priority to the next over all that is not.
local function line(key, n, by_due, s, id)
  local out = {}
  local rank = s and rank_of(key, s, id, true) or 0
  while #out < n do
    local got = call('ZRANGE', key, rank, rank + n - #out - 1, 'WITHSCORES')
    if not got[1] then break end
    local band = math.floor(tonumber(got[2]) / BAND)
    local last = math.min(band * BAND + now, (band + 1) * BAND - 1)
    local passed = false
    for i = 1, #got, 2 do
      local has = tonumber(got[i + 1])
      if by_due and has > last then
        passed = has < (band + 1) * BAND
        break
      end
      out[#out + 1] = { has, got[i] }
      rank = rank + 1
    end
    if passed then rank = call('ZCOUNT', key, '-inf', '(' .. num((band + 1) * BAND)) end
  end
  return out
end

local function by_place(a, b)
  if a[1] ~= b[1] then return a[1] < b[1] end
  return is_less(a[2], b[2])
end

-- The first n over all these lines together.
local function lines(keys, n, by_due, s, id)
  if #keys == 1 then return line(keys[1], n, by_due, s, id) end
  local all = {}
  for _, key in ipairs(keys) do
    for _, one in ipairs(line(key, n, by_due, s, id)) do all[#all + 1] = one end
  end
  table.sort(all, by_place)
  for i = #all, n + 1, -1 do all[i] = nil end
  return all
end

-- The lines of a queue: of all its types ('-'), or of these ('=' and the names).
local function lines_of(queue, types)
  local keys = {}
  if types == '-' then
    for _, name in ipairs(call('SMEMBERS', at .. 'q:' .. queue)) do keys[#keys + 1] = at .. 'r:' .. queue .. '|' .. name end
  else
    for name in string.gmatch(string.sub(types, 2), '[^\t]+') do keys[#keys + 1] = at .. 'r:' .. queue .. '|' .. name end
  end
  return keys
end
`

/** For scripts that write. */
export const WRITING = NAMES + RECORDS + INDEXES
export const WALKING = WALKS
/** For scripts that only read. */
export const READING = NAMES + RECORDS
