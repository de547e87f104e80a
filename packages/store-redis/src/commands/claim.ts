import type { Claim, ClaimResult } from '@stint/core'
import { byAnswerOrder } from '@stint/core/store'
import { fields } from '../library.js'
import { bodiesOf, codeOf, jobOf, type Packed } from '../record.js'

export const CLAIM = String.raw`
local paused = {}
local function is_paused(queue)
  if paused[queue] == nil then paused[queue] = call('HEXISTS', at .. 's:paused', queue) == 1 end
  return paused[queue]
end

-- The take of the kit; answers with the job as it became.
local function taken(id, f, a, claim)
  local b = { unpack(a) }
  b[STATE] = claim.to
  b[VERSION] = num(a[VERSION] + 1)
  b[ATTEMPT] = num(a[ATTEMPT] + 1)
  b[UPDATED] = moment(a)
  b[STARTED] = claim.to == RUNNING and b[UPDATED] or ''
  if a[KEY_UNTIL] == '1' then b[KEY] = '' end
  b[TOKEN], b[FENCE], b[WORKER], b[UNTIL] = claim.token, b[VERSION], claim.worker, num(now + claim.lease)
  f[1] = concat(b, '\n')
  call('HSET', job(id), 's', f[1], b[VERSION], event(id, a, b, claim.kind, claim.actor, claim.detail))
  moved(id, a, b)
  return { id, unpack(f) }
end

local function whole(id) return call('HMGET', job(id), 's', 'x', 'g', 'f', 'p', 'r', 'c', 'l') end

-- The earliest instant at which a queued job of these lines is due, whatever its priority.
local function next_due(keys)
  local least
  for _, key in ipairs(keys) do
    local rank = 0
    while true do
      local head = call('ZRANGE', key, rank, rank, 'WITHSCORES')
      if not head[1] then break end
      local band = math.floor(tonumber(head[2]) / BAND)
      least = math.min(least or BAND, tonumber(head[2]) - band * BAND)
      rank = call('ZCOUNT', key, '-inf', '(' .. num((band + 1) * BAND))
    end
  end
  return least
end

local function still_held(token)
  local held = {}
  for _, id in ipairs(call('ZRANGE', LEASES, 0, -1)) do
    local s = stored(id)
    if s and parsed(s)[TOKEN] == token then held[#held + 1] = record(id) end
  end
  return held
end

local function from_ids(ids, claim)
  for id in string.gmatch(ids, '[^\t]+') do
    local f = whole(id)
    local r = f[1] and parsed(f[1])
    if r and r[STATE] == QUEUED and not is_paused(r[QUEUE]) then
      local run = tonumber(r[RUN])
      if run <= now and #claim.jobs < claim.max then
        claim.jobs[#claim.jobs + 1] = taken(id, f, r, claim)
      else
        claim.next = math.min(claim.next or run, run)
      end
    end
  end
end

local function from_queue(queue, limit, types, claim)
  if is_paused(queue) then return end
  local room = math.min(limit, claim.max - #claim.jobs)
  local keys = lines_of(queue, types)
  local due = room > 0 and lines(keys, room, true) or {}
  for _, one in ipairs(due) do
    local f = whole(one[2])
    claim.jobs[#claim.jobs + 1] = taken(one[2], f, parsed(f[1]), claim)
  end
  flush()
  -- With the bound reached nobody has looked whether there is more; below it nothing due is left.
  local due_at
  if #due == room then due_at = now else due_at = next_due(keys) end
  if due_at then claim.next = math.min(claim.next or due_at, due_at) end
end

local function claim()
  local token, worker, lease, to, max, again, kind, actor, froms, mask = match(take(), '^${fields(10)}$')
  local _, _, detail = bodies(mask)
  local c = { token = token, worker = worker, lease = lease, to = to, max = tonumber(max), kind = kind, actor = actor, detail = detail, jobs = {} }
  local entries = {}
  for i = 1, tonumber(froms) do entries[i] = take() end
  flush()
  if again == '1' then
    local held = still_held(token)
    if held[1] then return { '0', held, 1 } end
  end
  for _, entry in ipairs(entries) do
    local ids = match(entry, '^i(.*)$')
    if ids then
      from_ids(ids, c)
    else
      local queue, limit, types = match(entry, '^q([^\n]*)\n([^\n]*)\n([^\n]*)$')
      from_queue(queue, tonumber(limit), types, c)
    end
    flush()
  end
  return { c.next and num(math.max(0, c.next - now)) or '', c.jobs }
end
`

export function argumentsOfClaim(claim: Claim): string[] {
  const { mask, texts } = bodiesOf({ detail: claim.event.detail })
  const froms = claim.from.map((from) => {
    if ('ids' in from) return `i${from.ids.join('\t')}`
    const types = from.types === undefined ? '-' : `=${[...new Set(from.types)].join('\t')}`
    return `q${from.queue}\n${from.limit}\n${types}`
  })
  const head = [
    ...[claim.token, claim.workerId, claim.leaseMs, codeOf(claim.to), claim.max, claim.again ? '1' : ''],
    ...[claim.event.type, claim.event.actor ?? '', froms.length, mask],
  ]
  return [head.join('\n'), ...texts, ...froms]
}

export type ClaimAnswer = readonly [nextDueInMs: string, jobs: readonly Packed[], isRepeat?: 1]

export function answerOfClaim(claim: Claim, [next, packed, isRepeat]: ClaimAnswer): ClaimResult {
  const jobs = packed.map(jobOf)
  // Of what its token still holds the script answers in the order of the leases; what it takes stands in its place already.
  if (isRepeat) jobs.sort(byAnswerOrder(claim.from))
  return { jobs, nextDueInMs: next === '' ? null : Number(next) }
}
