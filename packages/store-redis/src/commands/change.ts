import type { Beat, Change, ChangeResult } from '@stint/core'
import { fields } from '../library.js'
import { bodiesOf, codeOf, jobOf, type Packed } from '../record.js'
import { runOf } from './insert.js'

/** `holds`, `apply` and `beat` of the kit, and what is answered: 0 missing, 1 done, 2 guard, 3 key. */
export const HOLDS = String.raw`
local function holds(r, token, states, version, over)
  return (token == '' or (r[TOKEN] ~= '' and '=' .. r[TOKEN] == token))
    and (states == '' or string.find(states, r[STATE], 1, true) ~= nil)
    and (version == '' or r[VERSION] == version)
    and (over == '' or (r[TOKEN] ~= '' and tonumber(r[UNTIL]) <= now))
end

`

export const CHANGE = String.raw`
local function applied(a, state, run, lease, priority, attempt, most, tags)
  local b = { unpack(a) }
  if state ~= '' then b[STATE] = state end
  b[VERSION] = num(a[VERSION] + 1)
  b[UPDATED] = moment(a)
  if not HELD[b[STATE]] then
    b[FENCE], b[UNTIL], b[WORKER], b[TOKEN] = '', '', '', ''
  elseif lease ~= '' and b[TOKEN] ~= '' then
    b[UNTIL] = num(now + lease)
  end
  if run ~= '' then b[RUN] = instant(run) end
  if b[STATE] == RUNNING and a[STATE] ~= RUNNING then b[STARTED] = b[UPDATED] end
  if not TERMINAL[b[STATE]] then
    b[FINISHED] = ''
  elseif not TERMINAL[a[STATE]] then
    b[FINISHED] = b[UPDATED]
  end
  if priority ~= '' then b[PRIORITY] = priority end
  if attempt ~= '' then b[ATTEMPT] = attempt end
  if most ~= '' then b[MOST] = most end
  if tags ~= '' then b[TAGS] = string.sub(tags, 2) end
  return b
end

local function change()
  local id, token, version = take(), take(), take()
  local states, over, state, run, lease, priority, attempt, most, tags, kind, actor, returning, mask = take_fields('^${fields(13)}$')
  local set, clear, detail = bodies(mask)
  local there = call('HMGET', job(id), 's', unpack(clear))
  if not there[1] then return 0 end
  local a = parsed(there[1])
  if not holds(a, token, states, version, over) then return { 2, record(id) } end
  local b = applied(a, state, run, lease, priority, attempt, most, tags)
  if a[KEY] ~= '' and TERMINAL[a[STATE]] and not TERMINAL[b[STATE]] then
    local holder = call('HGET', KEYS_HELD, keyed(a))
    if holder then return { 3, record(id), holder } end
  end
  local text = event(id, a, b, kind, actor, detail)
  call('HSET', job(id), 's', concat(b, '\n'), b[VERSION], text, unpack(set))
  for i, field in ipairs(clear) do
    if there[i + 1] then call('HDEL', job(id), field) end
  end
  moved(id, a, b)
  return returning == '1' and { 1, record(id) } or 1
end

`

export const BEAT = String.raw`
local function beat()
  local id, token = take(), take()
  local lease, returning, mask = take_fields('^${fields(3)}$')
  local set = bodies(mask)
  local s = stored(id)
  if not s then return 0 end
  local a = parsed(s)
  if not holds(a, token, '', '', '') then return { 2, record(id) } end
  local b = { unpack(a) }
  b[UPDATED] = moment(a)
  if lease ~= '' then b[UNTIL] = num(now + lease) end
  call('HSET', job(id), 's', concat(b, '\n'), unpack(set))
  if b[UNTIL] ~= a[UNTIL] then later('ZADD', LEASES, b[UNTIL], id) end
  return returning == '1' and { 1, record(id) } or 1
end
`

const text = (value: string | number | undefined): string => (value === undefined ? '' : String(value))

export function argumentsOfChange({ id, guard, set, event, returning }: Change): string[] {
  const { mask, texts } = bodiesOf({ ...set, detail: event.detail })
  const shared = [
    ...[guard.states === undefined ? '' : `=${guard.states.map(codeOf).join('')}`, guard.leaseOver ? '1' : ''],
    ...[set.state === undefined ? '' : codeOf(set.state), runOf(set.run), text(set.leaseMs), text(set.priority)],
    ...[text(set.attempt), text(set.maxAttempts), set.tags === undefined ? '' : `=${set.tags.join('\t')}`],
    ...[event.type, event.actor ?? '', returning ? '1' : '', mask],
  ]
  return [id, guard.token === undefined ? '' : `=${guard.token}`, text(guard.version), shared.join('\n'), ...texts]
}

export function argumentsOfBeat({ id, token, leaseMs, progress, checkpoint, log, returning }: Beat): string[] {
  const { mask, texts } = bodiesOf({ progress, checkpoint, log })
  return [id, `=${token}`, [text(leaseMs), returning ? '1' : '', mask].join('\n'), ...texts]
}

/** A number alone where there is nothing to show. */
export type ChangeAnswer = number | readonly [code: number, job: Packed, holder?: string]

export function answerOfChange(answer: ChangeAnswer): ChangeResult {
  if (answer === 1) return { ok: true, job: null }
  if (typeof answer === 'number') return { ok: false, why: 'missing', job: null }
  const [code, packed, holder] = answer
  const job = jobOf(packed)
  if (code === 1) return { ok: true, job }
  return code === 3 ? { ok: false, why: 'key', job, holder: holder ?? '' } : { ok: false, why: 'guard', job }
}
