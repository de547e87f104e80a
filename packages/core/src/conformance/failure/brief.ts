/** What goes into a store and comes out of it, on one line: what is usual is left out, so that what is not stands out. */
import { inspect } from 'node:util'
import { START } from '../stage/movable-clock.js'

type Fields = Readonly<Record<string, unknown>>

/** In characters. */
const LONGEST = 600
/** Items of one list. */
const ITEMS = 6

/** Never throws: what a broken store answers may be anything. */
export function brief(value: unknown, longest = LONGEST): string {
  const text = sinceStart(textOf(value, 0))
  return text.length <= longest ? text : `${text.slice(0, longest)}…`
}

/** The clock of a case begins at a round number that nobody wants to read ten times: `T+30000`. */
export const sinceStart = (text: string): string =>
  text.replace(/(?<![\w.-])\d{13}(?:\.\d+)?(?![\w.-])/g, (digits) => {
    const ms = Number(digits) - START
    if (Math.abs(ms) > 100 * 86_400_000) return digits
    return ms === 0 ? 'T' : ms > 0 ? `T+${ms}` : `T−${-ms}`
  })

function textOf(value: unknown, depth: number): string {
  if (Array.isArray(value)) return listText(value, depth)
  if (!isPlain(value)) return leafText(value)
  const shape = SHAPES.find(({ has }) => has.every((name) => Object.hasOwn(value, name)))
  if (shape) return shape.text(value, depth)
  if (depth > 5) return '{…}'
  return `{ ${fieldsText(value, depth)} }`
}

const leafText = (value: unknown): string =>
  inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 80, maxArrayLength: ITEMS })
    .split('\n')
    .join(' ')

function listText(items: readonly unknown[], depth: number): string {
  const told = items.slice(0, ITEMS).map((item) => textOf(item, depth + 1))
  if (items.length > ITEMS) told.push(`… ${items.length - ITEMS} more`)
  return `[${told.join(', ')}]`
}

/** `name value` of what is there and not as usual. */
function fieldsText(fields: Fields, depth: number, usual: Fields = {}, leftOut: readonly string[] = []): string {
  return Object.entries(fields)
    .filter(([name, value]) => !leftOut.includes(name) && value !== undefined && !isUsual(value, usual[name]))
    .map(([name, value]) => `${name} ${textOf(value, depth + 1)}`)
    .join(', ')
}

const isUsual = (value: unknown, usual: unknown): boolean =>
  value === null || value === usual || (Array.isArray(value) && value.length === 0)

const isPlain = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

// ---- the shapes of the contract -------------------------------------------------------------------------------------

/** What the fixtures make when a case is not about it. */
const USUAL = {
  queue: 'default',
  type: 'mail',
  payload: '{"to":"ada"}',
  priority: 50,
  maxAttempts: 5,
  keyUntil: 'finished',
  state: 'queued',
}

const join = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(', ')

const fieldsOf = (value: unknown): Fields => (isPlain(value) ? value : {})
const word = (value: unknown): string => (typeof value === 'string' ? value : textOf(value, 9))

interface Shape {
  /** An object with these fields is one. The first that fits. */
  readonly has: readonly string[]
  readonly text: (fields: Fields, depth: number) => string
}

const SHAPES: readonly Shape[] = [
  {
    // a record
    has: ['id', 'state', 'version', 'runAt'],
    text: (job, depth) =>
      `${word(job['id'])} ‹${join(
        `${word(job['state'])} v${word(job['version'])} attempt ${word(job['attempt'])}`,
        fieldsText(job, depth, USUAL, ['id', 'state', 'version', 'attempt', 'createdAt', 'startedAt']),
      )}›`,
  },
  {
    // a lease
    has: ['token', 'fence', 'workerId', 'until'],
    text: ({ token, fence, workerId, until }) =>
      `(${word(token)} of ${word(workerId)}, fence ${word(fence)}, until ${word(until)})`,
  },
  {
    // an event
    has: ['jobId', 'seq', 'type', 'to'],
    text: ({ jobId, seq, type, from, to, ...rest }, depth) =>
      `${word(jobId)}#${word(seq)} ‹${join(
        `${word(type)} ${from === null ? '·' : word(from)}→${word(to)}`,
        fieldsText(rest, depth, USUAL),
      )}›`,
  },
  {
    // a new job
    has: ['id', 'run', 'event', 'maxAttempts'],
    text: (job, depth) =>
      `${word(job['id'])} ‹${join(whenText(job['run']), fieldsText(job, depth, USUAL, ['id', 'run', 'event']))}›`,
  },
  {
    // a change
    has: ['id', 'guard', 'set', 'event'],
    text: ({ id, guard, set, event, returning }, depth) => {
      const { run, ...patch } = fieldsOf(set)
      const sets = join(run === undefined ? '' : `run ${whenText(run)}`, patchText(patch, depth))
      return `${word(id)} if ${guardText(fieldsOf(guard))}: ${word(fieldsOf(event)['type'])}${sets === '' ? '' : `, set ${sets}`}${returning ? ', returning' : ''}`
    },
  },
  {
    // a claim
    has: ['token', 'workerId', 'from', 'max'],
    text: ({ token, workerId, leaseMs, to, max, from, again }) =>
      `${word(token)} of ${word(workerId)} takes ${word(max)} to ${word(to)} for ${word(leaseMs)} ms from ${
        Array.isArray(from) ? from.map((entry) => entryText(fieldsOf(entry))).join(' | ') : word(from)
      }${again ? ', again' : ''}`,
  },
  {
    has: ['jobs', 'nextDueInMs'],
    text: ({ jobs, nextDueInMs }, depth) => `${textOf(jobs, depth)}, next due in ${word(nextDueInMs)}`,
  },
  {
    has: ['isNew', 'job'],
    text: ({ isNew, job }, depth) => `${isNew === true ? 'new' : 'there already'} ${textOf(job, depth)}`,
  },
  {
    // the answer to a change or a beat
    has: ['ok', 'job'],
    text: ({ ok, why, job, holder }, depth) => {
      const shown = job === null ? '' : ` ${textOf(job, depth)}`
      return ok === true
        ? `applied${shown}`
        : `refused, ${word(why)}${holder === undefined ? '' : ` held by ${word(holder)}`}${shown}`
    },
  },
  {
    // a beat
    has: ['id', 'token'],
    text: ({ id, token, ...rest }, depth) => `${word(id)} under ${word(token)}: ${fieldsText(rest, depth)}`,
  },
]

const whenText = (run: unknown): string => {
  const { inMs, at } = fieldsOf(run)
  return at === undefined ? `due in ${word(inMs)} ms` : `due at ${word(at)}`
}

/** null says something here: it clears. */
const patchText = (patch: Fields, depth: number): string =>
  Object.entries(patch)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${textOf(value, depth + 1)}`)
    .join(', ')

const guardText = ({ token, states, version, leaseOver }: Fields): string =>
  [
    token === undefined ? '' : `token ${word(token)}`,
    Array.isArray(states) ? `state ${states.join('|')}` : '',
    version === undefined ? '' : `version ${word(version)}`,
    leaseOver ? 'lease over' : '',
  ]
    .filter((part) => part !== '')
    .join(' and ')

const entryText = ({ ids, queue, types, limit }: Fields): string =>
  ids === undefined
    ? `${word(queue)}${Array.isArray(types) ? ` (${types.slice(0, ITEMS).join(', ')})` : ''} ≤ ${word(limit)}`
    : textOf(ids, 4)
