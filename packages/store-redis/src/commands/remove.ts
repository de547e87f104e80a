import type { Removal } from '@stint/core'
import { ANSWERED, writing } from './script.js'

/** Only what is over, and only as it was read (REMOVE-1). */
export const REMOVE = writing(
  ANSWERED,
  String.raw`
local gone = {} -- how many events of each entry of the feed
local function remove(id, version)
  local s = stored(id)
  local r = s and parsed(s)
  if not r or not TERMINAL[r[STATE]] or r[VERSION] ~= version then return 0 end
  local last = tonumber(version)
  for from = 1, last, SLICE do
    local seqs = {}
    for seq = from, math.min(last, from + SLICE - 1) do seqs[#seqs + 1] = seq end
    for _, text in ipairs(call('HMGET', job(id), unpack(seqs))) do
      local place = text and match(text, '^%d+')
      if place then gone[place] = (gone[place] or 0) + 1 end
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
-- The hash of what is left names only entries of which some went.
for place, went in pairs(gone) do
  local kept = call('HGET', at .. 'g', place)
  local whole = not kept and call('XRANGE', FEED, place .. '-0', place .. '-0')[1]
  local left = (tonumber(kept or '') or (whole and #whole[2] / 2 or 0)) - went
  if left > 0 then
    call('HSET', at .. 'g', place, num(left))
  else
    later('XDEL', FEED, place .. '-0')
    if kept then call('HDEL', at .. 'g', place) end
  end
end
return answered(answers)
`,
)

export const argumentsOfRemovals = (jobs: readonly Removal[]): string[] =>
  jobs.flatMap(({ id, version }) => [id, String(version)])
