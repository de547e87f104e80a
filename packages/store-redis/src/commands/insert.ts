import type { InsertResult, NewJob, When } from '@stint/core'
import { admit } from '@stint/core/store'
import { fields } from '../library.js'
import { bodiesOf, codeOf, jobOf, type Packed } from '../record.js'

/** `a`: at that instant, `i`: in so many ms; empty: unchanged. */
export const runOf = (run: When | undefined): string =>
  run === undefined ? '' : 'at' in run ? `a${run.at}` : `i${run.inMs}`

export const INSTANT = String.raw`
local function instant(run)
  local ms = tonumber(string.sub(run, 2))
  return num(string.sub(run, 1, 1) == 'a' and ms or now + ms)
end
`

/** An id that exists goes before a key that is held (UNIQ-1). Answers 1, or the job that is there. */
export const INSERT = String.raw`
local function insert()
  local id, key, group = take(), take(), take()
  local queue, kind, state, priority, run, most, key_until, tags, event_kind, actor, mask = take_fields('^${fields(11)}$')
  local set, _, detail = bodies(mask)
  if call('EXISTS', job(id)) == 1 then return record(id) end
  local b = { state, '1', '0', priority, instant(run), NOW, NOW, '', '', '', '', most, queue, kind, '', '', key, key_until, group, tags }
  if key ~= '' then
    local holder = call('HGET', KEYS_HELD, keyed(b))
    if holder then return record(holder) end
  end
  local text = event(id, nil, b, event_kind, actor, detail)
  call('HSET', job(id), 's', concat(b, '\n'), '1', text, unpack(set))
  later('ZADD', at .. 'ids', '0', id)
  moved(id, nil, b)
  return 1
end
`

export function argumentsOfInsert(job: NewJob): string[] {
  const { mask, texts } = bodiesOf({
    payload: job.payload ?? undefined,
    ext: job.ext ?? undefined,
    detail: job.event.detail,
  })
  const shared = [
    ...[job.queue, job.type, codeOf(job.state), job.priority, runOf(job.run), job.maxAttempts],
    ...[job.keyUntil === 'claimed' ? '1' : '', job.tags.join('\t'), job.event.type, job.event.actor ?? '', mask],
  ]
  return [job.id, job.key ?? '', job.group ?? '', shared.join('\n'), ...texts]
}

/** A new job is as the kit makes it of what was given: the server need not send it back. */
export function answerOfInsert(given: NewJob, answer: number | Packed, now: number): InsertResult {
  if (answer !== 1) return { isNew: false, job: jobOf(answer as Packed) }
  const { job } = admit(given, now)
  return { isNew: true, job: { ...job, priority: job.priority + 0, runAt: job.runAt + 0, tags: [...job.tags] } }
}
