import type { EventRecord, JobRecord, Ms, State } from '@stint/core'
import { STATES } from '@stint/core/store'
import { broken } from './failures.js'

/** States are stored as their place in core's list, from 1; scripts count on it: 2 is queued, 3 and 4 are held, terminal ones are 5 and above. */
const CODES = new Map(STATES.map((state, n) => [state, String(n + 1)]))

export const codeOf = (state: State): string => CODES.get(state) ?? ''
export function stateOf(code: string | undefined): State {
  const state = STATES[Number(code) - 1]
  if (state === undefined) throw broken(`the state '${code}'`)
  return state
}

/** What scripts answer for a job: its id, the packed record, ext, progress, error, and in full payload, result, checkpoint, log. */
export type Packed = readonly (string | null)[]

const instant = (text: string | undefined): Ms | null => (text === '' || text === undefined ? null : Number(text))
const textOf = (text: string | undefined): string | null => (text === '' || text === undefined ? null : text)

/** `s`, by its places: library.ts names them. No field of it can hold a line break, no tag a tab. */
const PLACES = 20

export function jobOf(packed: Packed): JobRecord {
  const [
    id,
    s,
    ext = null,
    progress = null,
    error = null,
    payload = null,
    result = null,
    checkpoint = null,
    log = null,
  ] = packed
  const r = (s ?? '').split('\n')
  if (r.length !== PLACES || typeof id !== 'string') throw broken(`the record of the job '${id}'`)
  const [state, version, attempt, priority, runAt, created, updated, started, finished, fence] = r
  const [until, most, queue = '', type = '', worker = '', token = '', key, keyUntil, group, tags = ''] = r.slice(10)
  return {
    id,
    queue,
    type,
    state: stateOf(state),
    version: Number(version),
    priority: Number(priority),
    runAt: Number(runAt),
    attempt: Number(attempt),
    maxAttempts: Number(most),
    key: textOf(key),
    keyUntil: keyUntil === '1' ? 'claimed' : 'finished',
    group: textOf(group),
    tags: tags === '' ? [] : tags.split('\t'),
    createdAt: Number(created),
    updatedAt: Number(updated),
    startedAt: instant(started),
    finishedAt: instant(finished),
    lease: token === '' ? null : { token, fence: Number(fence), workerId: worker, until: Number(until) },
    progress,
    error,
    ext,
    payload,
    result,
    checkpoint,
    log,
  }
}

/** The record as `s`: for restore. Scripts write it themselves otherwise. */
export function packed(job: JobRecord): string {
  const { lease } = job
  return [
    ...[codeOf(job.state), job.version, job.attempt, job.priority, job.runAt, job.createdAt, job.updatedAt],
    ...[job.startedAt ?? '', job.finishedAt ?? '', lease?.fence ?? '', lease?.until ?? '', job.maxAttempts],
    ...[job.queue, job.type, lease?.workerId ?? '', lease?.token ?? '', job.key ?? ''],
    ...[job.keyUntil === 'claimed' ? '1' : '', job.group ?? '', job.tags.join('\t')],
  ].join('\n')
}

/** The text of an event but for its place in the feed, which the script gives. */
export function packedEvent(event: EventRecord): string {
  const from = event.from === null ? '' : codeOf(event.from)
  const head = [event.type, event.at, from, codeOf(event.to), event.attempt, event.fence ?? '', event.workerId ?? '']
  const text = [...head, event.actor ?? ''].join('\n')
  return event.detail === null ? text : `${text}\n${event.detail}`
}

/** `detail` stands last and may hold line breaks of its own. */
const EVENT = /^\d+\n([^\n]*)\n(\d+)\n(\d?)\n(\d)\n(\d+)\n(\d*)\n([^\n]*)\n([^\n]*)(?:\n([\s\S]*))?$/

export function eventOfText(jobId: string, queue: string, seq: number, text: string): EventRecord {
  const [found, type = '', at, from = '', to, attempt, fence, workerId, actor, detail] = EVENT.exec(text) ?? []
  if (found === undefined) throw broken(`event ${seq} of the job '${jobId}'`)
  return {
    jobId,
    queue,
    seq,
    at: Number(at),
    type,
    from: from === '' ? null : stateOf(from),
    to: stateOf(to),
    attempt: Number(attempt),
    fence: instant(fence),
    workerId: textOf(workerId),
    actor: textOf(actor),
    detail: detail ?? null,
  }
}

/** Which bodies follow as arguments of their own: a small letter is one that follows, a capital one that is cleared. An event without a detail says nothing. */
const BODIES = [
  ['p', 'payload'],
  ['g', 'progress'],
  ['r', 'result'],
  ['f', 'error'],
  ['c', 'checkpoint'],
  ['l', 'log'],
  ['x', 'ext'],
  ['d', 'detail'],
] as const
type BodyName = (typeof BODIES)[number][1]
export type Bodies = { readonly [name in BodyName]?: string | null | undefined }

export function bodiesOf(bodies: Bodies): { readonly mask: string; readonly texts: readonly string[] } {
  let mask = ''
  const texts: string[] = []
  for (const [letter, name] of BODIES) {
    const text = bodies[name]
    if (text === undefined || (text === null && name === 'detail')) continue
    mask += text === null ? letter.toUpperCase() : letter
    if (text !== null) texts.push(text)
  }
  return { mask, texts }
}

/** The same in Lua: fields to set, fields to clear, and the detail of the event. */
export const TAKE_BODIES = String.raw`
local CLEARED = { P = 'p', G = 'g', R = 'r', F = 'f', C = 'c', L = 'l', X = 'x' }
local function bodies(mask)
  local set, clear, detail = {}, {}, nil
  for i = 1, #mask do
    local m = string.sub(mask, i, i)
    if m == 'd' then
      detail = take()
    elseif CLEARED[m] then
      clear[#clear + 1] = CLEARED[m]
    else
      set[#set + 1] = m
      set[#set + 1] = take()
    end
  end
  return set, clear, detail
end
`
