/** Calls and answers as one line each, for people. */
import { inspect } from 'node:util'
import { isStintError } from '../../errors.js'
import type { JobRecord, When } from '../../record.js'
import type { Beat, Change, ChangeResult, Claim, ClaimFrom, Guard, InsertResult, NewJob } from '../../store.js'
import type { Call, Made } from './call.js'

export const jobLine = ({ id, state, version, attempt, lease }: JobRecord): string =>
  `${id} ${state}, version ${version}, attempt ${attempt}${lease ? `, under ${lease.token}` : ''}`

const shown = (value: unknown): string =>
  inspect(value, { breakLength: Number.POSITIVE_INFINITY, compact: true, maxStringLength: 60 })

/** The fields that are there: `priority 10, run { inMs: 5 }`. */
const fieldsLine = (fields: object): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${typeof value === 'object' && value !== null ? shown(value) : value}`)
    .join(', ')

// ---- asked ----------------------------------------------------------------------------------------------------------

export function askedLine(call: Call): string {
  switch (call.method) {
    case 'exchange': {
      const { inserts, changes, beats, claims } = call.batch
      return [
        ...inserts.map(insertLine),
        ...changes.map((change, n) => changeLine(call.moves[n] ?? change.event.type, change)),
        ...beats.map(beatLine),
        ...claims.map(claimLine),
      ].join(' + ')
    }
    case 'remove':
      return `remove ${call.jobs.map(({ id, version }) => `${id} if version ${version}`).join(', ')}`
    case 'configure': {
      const { name, value, ifVersion } = call.write
      return `${value === null ? 'resume' : 'pause'} ${name}${ifVersion === undefined ? '' : ` if version ${ifVersion}`}`
    }
    case 'get':
      return typeof call.ref === 'string' ? `get ${call.ref}` : `get the holder of ${call.ref.key} in ${call.ref.queue}`
    case 'get all':
      return 'get every job, to see what is there now'
    case 'list':
      return `list ${shown(call.query)}, to its end`
    case 'events':
      return 'events of every job'
    case 'feed':
      return `feed from ${call.after}, until it has caught up`
    default:
      return call.method
  }
}

const insertLine = ({ id, queue, type, priority, run, key, keyUntil, state, payload, tags }: NewJob): string => {
  const about = [
    type,
    `priority ${priority}`,
    dueLine(run),
    key && `key ${key} until ${keyUntil}`,
    state !== 'queued' && state,
    `payload ${payload}`,
    tags.length > 0 && `tags ${tags.join(' ')}`,
  ]
  return `insert ${id} into ${queue} (${about.filter(Boolean).join(', ')})`
}

const dueLine = (run: When): string =>
  'at' in run ? `due at ${run.at}` : run.inMs === 0 ? 'due now' : `due in ${run.inMs} ms`

const changeLine = (move: string, { id, guard, set }: Change): string =>
  `${move} ${id} ${guardLine(guard)}: ${fieldsLine(set)}`

function guardLine({ token, states, version, leaseOver }: Guard): string {
  const parts = [
    token !== undefined && `token ${token}`,
    version !== undefined && `version ${version}`,
    states && `state ${states.join('|')}`,
    leaseOver && 'lease over',
  ]
  return `if ${parts.filter(Boolean).join(' and ')}`
}

const beatLine = ({ id, token, leaseMs, progress, checkpoint, log }: Beat): string =>
  `beat ${id} if token ${token}: ${fieldsLine({ leaseMs, progress, checkpoint, log }) || 'nothing'}`

const claimLine = ({ token, max, from, again, leaseMs, to }: Claim): string =>
  `claim ${again ? 'again ' : ''}at most ${max} of ${from.map(fromLine).join(', then of ')} as ${token}, for ${leaseMs} ms, to ${to}`

const fromLine = (from: ClaimFrom): string =>
  'ids' in from
    ? `[${from.ids.join(' ')}]`
    : `${from.queue}${from.types ? `/${from.types.join('|')}` : ''} (at most ${from.limit})`

// ---- answered -------------------------------------------------------------------------------------------------------

export function answeredLine({ call, answer }: Pick<Made, 'call' | 'answer'>): string {
  switch (answer.method) {
    case 'exchange': {
      const { inserts, changes, beats, claims } = answer.result
      return [
        ...inserts.map(insertedLine),
        ...[...changes, ...beats].map(changedLine),
        ...claims.map(
          ({ jobs, nextDueInMs }) => `took ${jobs.map(jobLine).join('; ') || 'nothing'} (next in ${nextDueInMs})`,
        ),
      ].join(' + ')
    }
    case 'remove':
      return answer.removed.map((is) => (is ? 'removed' : 'not removed')).join(', ')
    case 'get':
      return answer.job ? jobLine(answer.job) : 'nothing'
    case 'get all':
      return answer.jobs.flatMap((job) => (job ? jobLine(job) : [])).join('; ') || 'nothing'
    case 'list':
      return answer.jobs.map(jobLine).join('; ') || 'nothing'
    case 'rejected':
      return `rejected: ${errorLine(answer.error)}`
    case 'events': {
      const ids = call.method === 'events' ? call.ids : []
      return answer.trails
        .flatMap((trail, n) => (trail.length > 0 ? `${ids[n]}: ${trail.map(({ type }) => type).join(' ')}` : []))
        .join('; ')
    }
    case 'feed':
      return answer.events.map(({ jobId, seq, type }) => `${jobId} ${seq} ${type}`).join('; ') || 'nothing'
    case 'configure':
      return shown(answer.result)
    case 'stats':
      return shown(answer.counts)
    case 'settings':
      return shown(answer.settings)
  }
}

const errorLine = (error: unknown): string =>
  error instanceof Error ? `${isStintError(error) ? `${error.code}: ` : ''}${error.message}` : shown(error)

const insertedLine = ({ isNew, job }: InsertResult): string => (isNew ? 'new' : `not new: ${jobLine(job)}`)

function changedLine(told: ChangeResult): string {
  if (told.ok) return told.job ? `applied: ${jobLine(told.job)}` : 'applied'
  return `refused (${told.why})${told.job ? `: ${jobLine(told.job)}` : ''}`
}

/** A call in one line, with its number. */
export const callLine = (made: Made): string => `${label(made)}  ${askedLine(made.call)} → ${answeredLine(made)}`

const label = ({ number, handle }: Made): string => `${String(number).padStart(4)} ${handle}`

/** Calls that overlap: each has a line where it begins (▸) and one where it ends (◂). */
export function interleavingLines(calls: readonly Made[]): string[] {
  const moments = calls.flatMap((made) => [
    { at: made.begun, line: `${label(made)} ▸ ${askedLine(made.call)}` },
    { at: made.ended, line: `${label(made)} ◂ ${answeredLine(made)}` },
  ])
  return moments.sort((a, b) => a.at - b.at).map(({ line }) => line)
}
