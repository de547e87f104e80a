import type { Ms } from '@stint/core'
import { Budget, type Connections } from '../connection.js'
import { ANSWERED_READ, reading, type Script, writing } from './script.js'

/** What was found; a store that nobody has changed by hand has none of it, whatever failed. */
export interface Findings {
  /** Records that were looked at. */
  readonly jobs: number
  /** What an index should have and has not, or has in another place. */
  readonly missing: readonly string[]
  /** What an index has though no record is so. */
  readonly stray: readonly string[]
  /** Counts that are not those of the records. */
  readonly counts: readonly string[]
  /** Records that cannot be read; nobody repairs them. */
  readonly broken: readonly string[]
}

/** Records to indexes: what each job should stand in. Answers with the next cursor, how many, what is missing, what is broken, and counts. */
const JOBS = String.raw`
local found = call('SCAN', take(), 'MATCH', at .. 'j:*', 'COUNT', 500)
local missing, broken, sums = {}, {}, {}
local function should(key, member, score)
  local has = call('ZSCORE', key, member)
  if has and tonumber(has) == tonumber(score) then return end
  missing[#missing + 1] = key .. ' ' .. member
  if is_repair then call('ZADD', key, score, member) end
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
local found = call(kind == 'k' and 'HSCAN' or 'ZSCAN', key, cursor_there, 'COUNT', 500)
local stray = {}
for i = 1, #found[2], 2 do
  local member = found[2][i]
  local s = stored(kind == 'k' and found[2][i + 1] or member)
  local r = s and { match(s, RECORD) } or {}
  local is_right = r[1] ~= nil and (kind == 'i'
    or (kind == 'l' and r[TOKEN] ~= '')
    or (kind == 't' and key == at .. 't:' .. r[STATE])
    or (kind == 'r' and r[STATE] == QUEUED and ready(r) == key)
    or (kind == 'k' and r[KEY] ~= '' and not TERMINAL[r[STATE]] and keyed(r) == member))
  if not is_right then
    stray[#stray + 1] = key .. ' ' .. member
    if is_repair then call(kind == 'k' and 'HDEL' or 'ZREM', key, member) end
  end
end
return answered({ found[1], stray })
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
    wrong[#wrong + 1] = flat[i]
    if is_repair then call('HDEL', at .. 'n', flat[i]) end
  end
end
for name, sum in pairs(kept) do
  if call('HGET', at .. 'n', name) ~= sum then
    if call('HEXISTS', at .. 'n', name) == 0 and not is_repair then wrong[#wrong + 1] = name end
    if is_repair then call('HSET', at .. 'n', name, sum) end
  end
end
return answered(wrong)
`

const bothOf = (body: string): { readonly look: Script; readonly repair: Script } => ({
  look: reading(ANSWERED_READ, 'local is_repair = false', body),
  repair: writing(ANSWERED_READ, 'local is_repair = true', body),
})
const SCRIPTS = { jobs: bothOf(JOBS), index: bothOf(INDEX), lines: bothOf(LINES), counts: bothOf(COUNTS) } as const

type JobsAnswer = readonly [string, number, readonly string[], readonly string[], readonly string[]]

/** Page by page, so that nobody waits long. Counts are right only while nobody writes. */
export async function verifyKeys(
  connections: Connections,
  { name, deadlineMs, repair }: { readonly name: string; readonly deadlineMs: Ms; readonly repair: boolean },
): Promise<Findings> {
  const ask = async <T>(what: keyof typeof SCRIPTS, ...args: readonly string[]): Promise<T> => {
    const script = SCRIPTS[what][repair ? 'repair' : 'look']
    return (await connections.call<T>(script, ['', 'verify', ...args], new Budget(deadlineMs))).answer
  }
  const jobs = await allJobs((cursor) => ask<JobsAnswer>('jobs', cursor))
  const stray = new Set<string>()
  const base = `{${name}}:`
  const keys = new Set(['ids', 'l', 'k', 't:5', 't:6', 't:7', 't:8'].map((key) => base + key))
  for await (const found of pages((cursor) => ask<readonly [string, readonly string[]]>('lines', cursor)))
    for (const key of found) keys.add(key)
  for (const key of keys)
    for await (const found of pages((cursor) => ask<readonly [string, readonly string[]]>('index', key, cursor)))
      for (const one of found) stray.add(one)
  const counts = await ask<readonly string[]>('counts', ...[...jobs.sums].flatMap(([of, sum]) => [of, String(sum)]))
  return { jobs: jobs.seen, missing: jobs.missing, stray: [...stray], counts, broken: jobs.broken }
}

async function allJobs(page: (cursor: string) => Promise<JobsAnswer>) {
  const missing = new Set<string>()
  const broken = new Set<string>()
  const sums = new Map<string, number>()
  let seen = 0
  for (let cursor: string | null = null; cursor !== '0'; ) {
    const [next, count, lost, torn, flat]: JobsAnswer = await page(cursor ?? '0')
    cursor = next
    seen += count
    for (const one of lost) missing.add(one)
    for (const one of torn) broken.add(one)
    for (let i = 0; i < flat.length; i += 2)
      sums.set(flat[i] ?? '', (sums.get(flat[i] ?? '') ?? 0) + Number(flat[i + 1]))
  }
  return { seen, missing: [...missing], broken: [...broken], sums }
}

async function* pages<T>(page: (cursor: string) => Promise<readonly [string, T]>): AsyncGenerator<T> {
  for (let cursor: string | null = null; cursor !== '0'; ) {
    const [next, found]: readonly [string, T] = await page(cursor ?? '0')
    cursor = next
    yield found
  }
}
