import type { Removal } from '@stint/core'
import { ANSWERED, writing } from './script.js'

/** Only what is over, and only as it was read (REMOVE-1). */
export const REMOVE = writing(
  ANSWERED,
  String.raw`
local function remove(id, version)
  local s = stored(id)
  local r = s and parsed(s)
  if not r or not TERMINAL[r[STATE]] or r[VERSION] ~= version then return 0 end
  local last = tonumber(version)
  for from = 1, last, SLICE do
    local seqs = {}
    for seq = from, math.min(last, from + SLICE - 1) do seqs[#seqs + 1] = seq end
    for _, text in ipairs(call('HMGET', job(id), unpack(seqs))) do
      if text then later('XDEL', at .. 'f', match(text, '^%d+') .. '-0') end
    end
  end
  call('DEL', job(id))
  later('ZREM', at .. 'ids', id)
  later('ZREM', at .. 't:' .. r[STATE], id)
  count(r[QUEUE], r[STATE], -1)
  return 1
end
local answers = {}
while ARGV[cursor] do
  local id, version = take(), take()
  answers[#answers + 1] = remove(id, version)
end
return answered(answers)
`,
)

export const argumentsOfRemovals = (jobs: readonly Removal[]): string[] =>
  jobs.flatMap(({ id, version }) => [id, String(version)])
