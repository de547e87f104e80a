/**
 * The least that Redis has to do for the contract, by one script a call: a hash a job, its small fields packed in one field, each event a field beside
 * it; sorted sets for the line, the leases, the ids and the finished; a list as the feed, counts in a hash. Everything is judged before anything is
 * written. Without what a store adds: keys, several types, hints, deadlines, all other guards and patches.
 */
import { newJobId } from '@stint/core'
import { Redis } from 'ioredis'
import { LEASE_MS, type Loop, MAX_ATTEMPTS, newToken, PAYLOAD, PRIORITY, QUEUE, TYPE, WORKER } from '../loop.ts'

const BEGIN = String.raw`
local call, concat, match = redis.call, table.concat, string.match
local time = call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local BAND = 35184372088832
local function num(n) return string.format('%.0f', n) end
local function all(command, key, list)
  for from = 1, #list, 4000 do call(command, key, unpack(list, from, math.min(#list, from + 3999))) end
end
local NOW, at = num(now), KEYS[1]
`

/** ARGV: queue, type, priority, delay, most attempts, then id and payload of each. */
const ENQUEUE = String.raw`${BEGIN}
local queue, kind, priority, run, most = ARGV[1], ARGV[2], ARGV[3], num(now + ARGV[4]), ARGV[5]
for i = 6, #ARGV, 2 do
  if call('EXISTS', at .. 'j:' .. ARGV[i]) == 1 then return redis.error_reply('an insert met a job of the same id') end
end
local s = concat({ '2', '1', '0', priority, run, NOW, NOW, '', '', '', '', most, queue, kind, '', '', '', '' }, '\n')
local e = concat({ 'enqueued', NOW, '', '2', '0', '', '', '', '' }, '\n')
local score = num((100 - priority) * BAND + run)
local ready, ids, feed = {}, {}, {}
for i = 6, #ARGV, 2 do
  local id = ARGV[i]
  call('HSET', at .. 'j:' .. id, 's', s, 'p', ARGV[i + 1], 'e1', e)
  ready[#ready + 1] = score
  ready[#ready + 1] = id
  ids[#ids + 1] = '0'
  ids[#ids + 1] = id
  feed[#feed + 1] = id .. ' 1'
end
all('ZADD', at .. 'r:' .. queue .. '|' .. kind, ready)
all('ZADD', at .. 'ids', ids)
all('RPUSH', at .. 'f', feed)
call('HINCRBY', at .. 'n', queue .. '|2', #feed)
return #feed
`

/** ARGV: queue, type, most, token, worker, lease, then id and token of each that succeeded. */
const EXCHANGE = String.raw`${BEGIN}
local queue, kind, most, token, worker, lease = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local RECORD = '^' .. string.rep('([^\n]*)\n', 17) .. '([^\n]*)$'
local settled = {}
for i = 7, #ARGV, 2 do
  local r = { match(call('HGET', at .. 'j:' .. ARGV[i], 's'), RECORD) }
  if r[16] ~= ARGV[i + 1] then return redis.error_reply('a settle was refused') end
  settled[#settled + 1] = { ARGV[i], r }
end
local feed, counts = {}, {}
local function moved(from, to)
  counts[from] = (counts[from] or 0) - 1
  counts[to] = (counts[to] or 0) + 1
end
local leases, ended = {}, {}
for _, one in ipairs(settled) do
  local id, r = one[1], one[2]
  local was, fence, of = r[1], r[10], r[15]
  r[1], r[2], r[7], r[9] = '5', num(r[2] + 1), num(math.max(now, tonumber(r[7]))), ''
  r[9] = r[7]
  r[10], r[11], r[15], r[16] = '', '', '', ''
  call('HSET', at .. 'j:' .. id, 's', concat(r, '\n'), 'e' .. r[2], concat({ 'succeeded', r[7], was, '5', r[3], fence, of, '', '' }, '\n'))
  leases[#leases + 1] = id
  ended[#ended + 1] = r[9]
  ended[#ended + 1] = id
  feed[#feed + 1] = id .. ' ' .. r[2]
  moved(was, '5')
end
if ended[1] then
  all('ZREM', at .. 'l', leases)
  all('ZADD', at .. 't:5', ended)
end

local line = at .. 'r:' .. queue .. '|' .. kind
local taken, jobs, until_ = {}, {}, {}
local is_head = true
if call('HEXISTS', at .. 's:paused', queue) == 0 then
  local from = '-inf'
  while #taken < most do
    local head = call('ZRANGE', line, from, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
    if not head[1] then break end
    local band = math.floor(tonumber(head[2]) / BAND)
    local due = call('ZRANGE', line, num(band * BAND), num(band * BAND + now), 'BYSCORE', 'LIMIT', 0, most - #taken)
    for _, id in ipairs(due) do taken[#taken + 1] = id end
    if #taken < most then
      from = num((band + 1) * BAND)
      if call('ZCOUNT', line, num(band * BAND + now + 1), '(' .. from) > 0 then is_head = false end
    end
  end
end
for i, id in ipairs(taken) do
  local f = call('HMGET', at .. 'j:' .. id, 's', 'p', 'x', 'cp', 'lg', 'er', 'pg')
  local r = { match(f[1], RECORD) }
  r[1], r[2], r[3], r[7] = '4', num(r[2] + 1), num(r[3] + 1), num(math.max(now, tonumber(r[7])))
  r[8], r[10], r[11], r[15], r[16] = r[7], r[2], num(now + lease), worker, token
  f[1] = concat(r, '\n')
  call('HSET', at .. 'j:' .. id, 's', f[1], 'e' .. r[2], concat({ 'leased', r[7], '2', '4', r[3], r[10], worker, '', '' }, '\n'))
  until_[#until_ + 1] = r[11]
  until_[#until_ + 1] = id
  feed[#feed + 1] = id .. ' ' .. r[2]
  moved('2', '4')
  jobs[i] = { id, unpack(f) }
end
if taken[1] then
  if is_head then call('ZREMRANGEBYRANK', line, 0, #taken - 1) else all('ZREM', line, taken) end
  all('ZADD', at .. 'l', until_)
end
if feed[1] then all('RPUSH', at .. 'f', feed) end
for state, by in pairs(counts) do
  if by ~= 0 then call('HINCRBY', at .. 'n', queue .. '|' .. state, by) end
end
return jobs
`

type Packed = readonly [id: string, record: string, ...bodies: (string | null)[]]

/** Where the token stands in a packed record. */
const TOKEN_AT = 15

export class RedisRaw implements Loop {
  readonly #redis: Redis
  readonly #loaded: Promise<{ readonly enqueue: string; readonly exchange: string }>
  #held: readonly string[] = []

  readonly #at: string

  /** All keys begin with `at`. */
  constructor(url: string, at: string) {
    this.#at = at
    this.#redis = new Redis(url)
    const load = async (text: string): Promise<string> => String(await this.#redis.script('LOAD', text))
    this.#loaded = Promise.all([load(ENQUEUE), load(EXCHANGE)]).then(([enqueue, exchange]) => ({ enqueue, exchange }))
  }

  async enqueue(count: number): Promise<void> {
    const { enqueue } = await this.#loaded
    const args: (string | number)[] = [QUEUE, TYPE, PRIORITY, 0, MAX_ATTEMPTS]
    for (let n = 0; n < count; n++) args.push(newJobId(), PAYLOAD)
    await this.#redis.evalsha(enqueue, 1, this.#at, ...args)
  }

  async exchange(most: number): Promise<number> {
    const { exchange } = await this.#loaded
    const token = newToken()
    const args = [QUEUE, TYPE, most, token, WORKER, LEASE_MS, ...this.#held]
    const jobs = (await this.#redis.evalsha(exchange, 1, this.#at, ...args)) as Packed[]
    this.#held = jobs.flatMap(([id, record]) => [id, record.split('\n')[TOKEN_AT] ?? ''])
    return jobs.length
  }

  async upkeep(): Promise<void> {}

  async close(): Promise<void> {
    this.#redis.disconnect()
  }
}
