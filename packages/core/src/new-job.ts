import { bodyText, MAX_META_BYTES, smallText } from './checked-json.js'
import type { AnyJobDefinition } from './define.js'
import { writeDetail } from './detail.js'
import { toMs } from './duration.js'
import type { EnqueueOptions } from './enqueue-options.js'
import { writeExt } from './ext.js'
import { bytesOf } from './json-text.js'
import { checkDate, checkId, checkTags, checkText } from './names.js'
import { resolvePolicy } from './policy.js'
import type { JsonText, When } from './record.js'
import type { Runtime } from './runtime.js'
import type { NewJob } from './store.js'

/** A job ready to be written, and what recognises it when the answer was lost. */
export interface Prepared {
  readonly job: NewJob
  readonly bytes: number
  /** Made here, so nobody else can have used it. */
  readonly isOwnId: boolean
  /** With a caller's id: the nonce in the event that this call writes. */
  readonly op: string | null
  readonly ifExists: 'keep' | 'replace'
}

/** Checks everything that can be checked without the store; a promise only where the schema is asynchronous. */
export function prepare(
  rt: Runtime,
  definition: AnyJobDefinition,
  payload: unknown,
  options: EnqueueOptions,
  state: NewJob['state'] = 'queued',
): Prepared | Promise<Prepared> {
  const known = rt.known.meet(definition)
  const write = writer(rt, known, options, state)
  const text = bodyText(payload, known.payload, {
    code: 'PAYLOAD_INVALID',
    type: known.type,
    maxBytes: rt.maxPayloadBytes,
  })
  return text instanceof Promise ? text.then(write) : write(text)
}

function writer(
  rt: Runtime,
  definition: AnyJobDefinition,
  options: EnqueueOptions,
  state: NewJob['state'],
): (payload: JsonText | null) => Prepared {
  const policy = resolvePolicy(options, definition, rt.defaults)
  const isOwnId = options.id === undefined
  const id = isOwnId ? rt.seam.id(rt.seam.now()) : checkId(options.id)
  const op = isOwnId ? null : rt.seam.nonce()
  const meta = options.meta === undefined ? null : smallText(options.meta, 'meta', MAX_META_BYTES)
  const rest = {
    id,
    queue: policy.queue,
    type: definition.type,
    priority: policy.priority,
    run: dueOf(options),
    maxAttempts: policy.maxAttempts,
    key: options.uniqueKey === undefined ? null : checkText(options.uniqueKey, 'uniqueKey'),
    keyUntil: oneOf(options.uniqueUntil ?? 'finished', ['claimed', 'finished'], 'uniqueUntil'),
    group: null,
    tags: checkTags(options.tags),
    ext: writeExt(policy.backoff, policy.timeoutMs, meta),
    state,
    event: { type: 'enqueued', actor: actorOf(options.actor), detail: op === null ? null : writeDetail({ op }) },
  } as const
  const ifExists = oneOf(options.ifExists ?? 'keep', ['keep', 'replace'], 'ifExists')
  return (payload) => ({
    job: { ...rest, payload },
    bytes: bytesOf(payload) + bytesOf(rest.ext),
    isOwnId,
    op,
    ifExists,
  })
}

/** `{ delay }` or `{ runAt }`; neither: at once. */
export function dueOf({ delay, runAt }: Pick<EnqueueOptions, 'delay' | 'runAt'>): When {
  if (delay !== undefined && runAt !== undefined) throw new TypeError('Give either `delay` or `runAt`, not both.')
  return runAt === undefined ? { inMs: toMs(delay ?? 0, 'delay') } : { at: checkDate(runAt, 'runAt') }
}

export const actorOf = (actor: string | undefined): string | null =>
  actor === undefined ? null : checkText(actor, 'actor')

function oneOf<T extends string>(value: T, allowed: readonly T[], what: string): T {
  if (allowed.includes(value)) return value
  throw new TypeError(`${what}: expected ${allowed.map((one) => `'${one}'`).join(' or ')}, got ${String(value)}`)
}
