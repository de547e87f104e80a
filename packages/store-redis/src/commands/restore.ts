import type { Restored } from '@stint/core'
import { bodiesOf, packed, packedEvent, TAKE_BODIES } from '../record.js'
import { ANSWERED, growing } from './script.js'

/** Records and events as they were elsewhere; a live job whose key is held here would be a second one. */
export const RESTORE = growing(
  ANSWERED,
  TAKE_BODIES,
  String.raw`
local function restore()
  local id, mask, events = match(take(), '^([^\n]*)\n([^\n]*)\n([^\n]*)$')
  local b = parsed(take())
  local set = bodies(mask)
  local first = cursor
  cursor = cursor + 2 * tonumber(events)
  if call('EXISTS', job(id)) == 1 or (holds_key(b) and call('HEXISTS', at .. 'k', keyed(b)) == 1) then return 0 end
  call('HSET', job(id), 's', concat(b, '\n'), unpack(set))
  for i = first, cursor - 1, 2 do
    later('HSET', job(id), ARGV[i], placed(id, ARGV[i]) .. '\n' .. ARGV[i + 1])
  end
  later('ZADD', at .. 'ids', '0', id)
  moved(id, nil, b)
  return 1
end
local answers = {}
while ARGV[cursor] do answers[#answers + 1] = restore() end
return answered(answers)
`,
)

export const argumentsOfRestored = (jobs: readonly Restored[]): string[] =>
  jobs.flatMap(({ job, events }) => {
    const { mask, texts } = bodiesOf(withoutNulls(job))
    const trail = events.flatMap((event) => [String(event.seq), packedEvent(event)])
    return [[job.id, mask, events.length].join('\n'), packed(job), ...texts, ...trail]
  })

/** There is nothing yet that would have to be cleared. */
const withoutNulls = ({ payload, progress, result, error, checkpoint, log, ext }: Restored['job']) =>
  Object.fromEntries(
    Object.entries({ payload, progress, result, error, checkpoint, log, ext }).filter(([, text]) => text !== null),
  )
