/**
 * What a job costs the server and this process, by the size of the batch, beside a bare layout in the same run: two connections that enqueue,
 * then two that settle and claim until nothing is left. `node --import ./scripts/with-sources.mjs packages/store-redis/test/raw-loop.ts [URL]`;
 * without a URL on a server of its own. `SIZES=500,100 ROUNDS=3 JOBS=40000`.
 *
 * The bare layout keeps finished jobs, judges the token, writes an event a change, exact counts and a feed, and knows nothing else: no keys, tags,
 * refusals, repeats, bodies beside payload and result, times that never fall, deadlines, hints, more than one type, place of an event in the feed
 * (so its feed cannot be freed).
 */
import type { EventDraft, NewJob } from '@stint/core'
import { Redis } from 'ioredis'
import { findServer } from '../../../scripts/servers/find.ts'
import { redis as search } from '../../../scripts/servers/redis.ts'
import { redisStore } from '../src/index.ts'

const SIZES = (process.env.SIZES ?? '500,100,10,1').split(',').map(Number)
const ROUNDS = Number(process.env.ROUNDS ?? 3)
const JOBS = Number(process.env.JOBS ?? 40_000)
const PAYLOAD = JSON.stringify({ to: 'someone@example.com', subject: 'hello', text: 'x'.repeat(46) })

const idOf = (n: number): string => `01J${String(n).padStart(23, '0')}`

/** What both layouts are asked. An answer of `exchange` is what was claimed, to be settled by the next. */
interface Layout {
  open(): Promise<void>
  enqueue(ids: readonly string[]): Promise<void>
  exchange(settle: readonly Held[], token: string, claim: number): Promise<readonly Held[]>
  close(): Promise<void>
}
interface Held {
  readonly id: string
  readonly token: string
}

const BARE = String.raw`
local call, concat = redis.call, table.concat
local at = string.sub(KEYS[1], 1, -2)
local time = call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local BAND = 35184372088832
local RECORD = '^' .. string.rep('([^\n]*)\n', 17) .. '([^\n]*)$'
local function all(command, key, list)
  for from = 1, #list, 4000 do call(command, key, unpack(list, from, math.min(#list, from + 3999))) end
end
`
const BARE_ENQUEUE = String.raw`${BARE}
local ready, ids, feed = {}, {}, {}
local queue, kind
for i = 1, #ARGV, 2 do
  local id, q, t, priority, most, actor = string.match(ARGV[i], '^([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)$')
  queue, kind = q, t
  if call('EXISTS', at .. 'j:' .. id) == 0 then
    local s = concat({ '1', '1', '0', priority, now, now, now, '', '', '', '', most, q, t, '', '', '', '' }, '\n')
    local e = concat({ 'enqueued', now, '', '1', '0', '', '', actor, '' }, '\n')
    call('HSET', at .. 'j:' .. id, 's', s, 'p', ARGV[i + 1], 'e1', e)
    ready[#ready + 1] = string.format('%.0f', (100 - priority) * BAND + now)
    ready[#ready + 1] = id
    ids[#ids + 1] = '0'
    ids[#ids + 1] = id
    feed[#feed + 1] = id .. ' 1'
  end
end
all('ZADD', at .. 'r:' .. queue .. '|' .. kind, ready)
all('ZADD', at .. 'ids', ids)
all('RPUSH', at .. 'f', feed)
call('HINCRBY', at .. 'n', queue .. '|1', #feed)
return now
`
const BARE_EXCHANGE = String.raw`${BARE}
local queue, kind, limit, token, worker, lease, settles = unpack(ARGV, 1, 7)
local off, done, feed, on, held = {}, {}, {}, {}, {}
for i = 8, 7 + 3 * settles, 3 do
  local id, own, result = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local key = at .. 'j:' .. id
  local r = { string.match(call('HGET', key, 's'), RECORD) }
  if r[16] == own then
    local version = string.format('%.0f', r[2] + 1)
    local e = concat({ 'succeeded', now, r[1], '4', r[3], r[10], r[15], '', '' }, '\n')
    r[1], r[2], r[7], r[9], r[10], r[11], r[15], r[16] = '4', version, now, now, '', '', '', ''
    call('HSET', key, 's', concat(r, '\n'), 'r', result, 'e' .. version, e)
    off[#off + 1] = id
    done[#done + 1] = now
    done[#done + 1] = id
    feed[#feed + 1] = id .. ' ' .. version
  end
end
local line, ids = at .. 'r:' .. queue .. '|' .. kind, {}
if call('HEXISTS', at .. 's:paused', queue) == 0 then
  local head = call('ZRANGE', line, 0, 0, 'WITHSCORES')
  while head[1] and #ids < tonumber(limit) do
    local band = math.floor(head[2] / BAND)
    local low, high = string.format('%.0f', band * BAND), string.format('%.0f', band * BAND + now)
    for _, id in ipairs(call('ZRANGE', line, low, high, 'BYSCORE', 'LIMIT', 0, limit - #ids)) do ids[#ids + 1] = id end
    head = call('ZRANGE', line, string.format('%.0f', (band + 1) * BAND), '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  end
end
local till = string.format('%.0f', now + lease)
local answer = { now }
for i, id in ipairs(ids) do
  local key = at .. 'j:' .. id
  local f = call('HMGET', key, 's', 'p', 'x', 'cp', 'lg', 'er', 'pg')
  local r = { string.match(f[1], RECORD) }
  local version = string.format('%.0f', r[2] + 1)
  r[1], r[2], r[3], r[7], r[8], r[10], r[11], r[15], r[16] = '3', version, string.format('%.0f', r[3] + 1), now, now, version, till, worker, token
  local e = concat({ 'leased', now, '1', '3', r[3], version, worker, '', '' }, '\n')
  f[1] = concat(r, '\n')
  call('HSET', key, 's', f[1], 'e' .. version, e)
  on[#on + 1] = till
  on[#on + 1] = id
  feed[#feed + 1] = id .. ' ' .. version
  answer[i + 1] = { id, unpack(f) }
end
if ids[1] then call('ZREMRANGEBYRANK', line, 0, #ids - 1) end
all('ZREM', at .. 'l', off)
all('ZADD', at .. 't:4', done)
all('ZADD', at .. 'l', on)
all('RPUSH', at .. 'f', feed)
if #off > 0 then
  call('HINCRBY', at .. 'n', queue .. '|3', -#off)
  call('HINCRBY', at .. 'n', queue .. '|4', #off)
end
if #ids > 0 then
  call('HINCRBY', at .. 'n', queue .. '|1', -#ids)
  call('HINCRBY', at .. 'n', queue .. '|3', #ids)
end
return answer
`

/** The layout as it was measured before the store was written. */
function bare(url: string): Layout {
  const redis = new Redis(url, { protocol: 2 })
  const key = '{bare}:m'
  let shas: readonly unknown[] = []
  const run = (script: 0 | 1, args: readonly (string | number)[]): Promise<unknown> =>
    redis.call('EVALSHA', [String(shas[script]), 1, key, ...args])
  return {
    async open() {
      shas = [await redis.script('LOAD', BARE_ENQUEUE), await redis.script('LOAD', BARE_EXCHANGE)]
    },
    async enqueue(ids) {
      await run(
        0,
        ids.flatMap((id) => [[id, 'default', 'mail', 50, 5, 'bench'].join('\n'), PAYLOAD]),
      )
    },
    async exchange(settle, token, claim) {
      const settles = settle.flatMap((held) => [held.id, held.token, '{"ok":true}'])
      const args = ['default', 'mail', claim, token, 'worker-1', 30_000, settle.length, ...settles]
      const [, ...jobs] = (await run(1, args)) as [string, ...[id: string, s: string][]]
      return jobs.map(([id, s]) => ({ id, token: s.split('\n')[15] ?? '' }))
    },
    close: async () => redis.disconnect(),
  }
}

function ours(url: string): Layout {
  const store = redisStore({ url, prefix: 'ours', listen: false })
  const event = (type: string, actor: string | null = null): EventDraft => ({ type, actor, detail: null })
  const newJob = (id: string): NewJob => ({
    ...{ id, queue: 'default', type: 'mail', payload: PAYLOAD, priority: 50, run: { inMs: 0 }, maxAttempts: 5 },
    ...{ key: null, keyUntil: 'finished', group: null, tags: [], ext: null, state: 'queued' },
    event: event('enqueued', 'bench'),
  })
  return {
    open: () => store.open(),
    enqueue: async (ids) => void (await store.exchange({ inserts: ids.map(newJob) })),
    async exchange(settle, token, claim) {
      const { changes, claims } = await store.exchange({
        changes: settle.map((held) => ({
          id: held.id,
          guard: { token: held.token },
          set: { state: 'succeeded', result: '{"ok":true}', error: null },
          event: event('succeeded'),
        })),
        claims: [
          {
            ...{ token, workerId: 'worker-1', leaseMs: 30_000, to: 'running', max: claim, event: event('leased') },
            from: [{ queue: 'default', types: ['mail'], limit: claim }],
          },
        ],
      })
      if (changes.some(({ ok }) => !ok)) throw new Error('a settle was refused')
      return (claims[0]?.jobs ?? []).map(({ id, lease }) => ({ id, token: lease?.token ?? '' }))
    },
    close: () => store.close(),
  }
}

/** A figure each, in µs a job but for the last: bytes. */
interface Figures {
  readonly enqueue: number
  readonly enqueueHere: number
  readonly exchange: number
  readonly exchangeHere: number
  readonly bytes: number
}

async function measured(admin: Redis, make: (url: string) => Layout, url: string, size: number): Promise<Figures> {
  const total = size === 1 ? Math.min(JOBS, 4000) : size === 10 ? Math.min(JOBS, 20_000) : JOBS
  await admin.flushall()
  const said = async (section: string, name: string): Promise<number> =>
    Number(new RegExp(`^${name}:(.*)$`, 'm').exec(await admin.info(section))?.[1])
  const cpu = async (): Promise<number> =>
    ((await said('cpu', 'used_cpu_user')) + (await said('cpu', 'used_cpu_sys'))) * 1e6
  const empty = await said('memory', 'used_memory')
  const layout = make(url)
  await layout.open()
  const phase = async (work: (line: number) => Promise<number>): Promise<readonly [there: number, here: number]> => {
    const [there, here] = [await cpu(), process.cpuUsage()]
    const done = (await Promise.all([work(0), work(1)])).reduce((a, b) => a + b)
    const { user, system } = process.cpuUsage(here)
    if (done !== total) throw new Error(`expected ${total} jobs, got ${done}`)
    return [((await cpu()) - there) / total, (user + system) / total]
  }
  let next = 0
  const enqueued = await phase(async () => {
    let done = 0
    for (; next < total; done += size) {
      const first = next
      next += size
      await layout.enqueue(Array.from({ length: size }, (_, n) => idOf(first + n)))
    }
    return done
  })
  let claims = 0
  const exchanged = await phase(async () => {
    let done = 0
    for (let held: readonly Held[] = []; ; ) {
      const settled = held.length
      held = await layout.exchange(held, `token-${String(++claims).padStart(20, '0')}`, size)
      done += settled
      if (held.length === 0) return done
    }
  })
  const bytes = ((await said('memory', 'used_memory')) - empty) / total
  await layout.close()
  return {
    ...{ enqueue: enqueued[0], enqueueHere: enqueued[1], exchange: exchanged[0], exchangeHere: exchanged[1] },
    bytes,
  }
}

const given = process.argv[2]
const server = given === undefined ? await findServer('redis', search, 'disk') : null
const url = given ?? server?.url
if (url === undefined) process.exit(1)
const admin = new Redis(url, { protocol: 2 })
const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
const COLUMNS = ['enqueue', 'enqueueHere', 'exchange', 'exchangeHere', 'bytes'] as const
const row = (cells: readonly (string | number)[]): void =>
  console.log(cells.map((cell, n) => String(cell).padStart(n === 0 ? 4 : 16)).join(''))

console.log('µs of CPU a job, server and (here) this process; bare → ours, and how many times as much')
row(['size', ...COLUMNS])
for (const size of SIZES) {
  const rounds: (readonly [Figures, Figures])[] = []
  for (let round = 0; round < ROUNDS; round++)
    rounds.push([await measured(admin, bare, url, size), await measured(admin, ours, url, size)])
  row([
    size,
    ...COLUMNS.map((column) => {
      const [a, b] = [0, 1].map((which) => median(rounds.map((round) => (round[which] as Figures)[column])))
      return `${a?.toFixed(1)}→${b?.toFixed(1)} ${((b ?? 0) / (a ?? 1)).toFixed(2)}x`
    }),
  ])
}
admin.disconnect()
await server?.stop()
