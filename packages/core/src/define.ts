import { checkName } from './names.js'
import { checkPolicy, type JobPolicy } from './policy.js'
import { type InferInput, type InferOutput, type StandardSchema, unchecked } from './schema.js'

/**
 * A job's contract: its type and the shapes of payload and result. No handler, no connection: import it in any process.
 *
 * **The wire carries what the schema takes in; each reader parses it.** `enqueue` checks the payload and stores it as given; the handler
 * receives the schema's output. So defaults and transforms run once, where the payload is used, and a result goes the same way back.
 */
export interface JobDefinition<
  Payload = unknown,
  Result = unknown,
  PayloadInput = Payload,
  ResultInput = Result,
  Type extends string = string,
> extends JobPolicy {
  readonly type: Type
  readonly payload: StandardSchema<PayloadInput, Payload>
  readonly result: StandardSchema<ResultInput, Result>
}
// biome-ignore lint/suspicious/noExplicitAny: a list of definitions holds them all; their payloads vary in both directions
export type AnyJobDefinition = JobDefinition<any, any, any, any>

export interface DefineJobOptions<Type extends string, P extends StandardSchema, R extends StandardSchema>
  extends JobPolicy {
  /** Names the handler, e.g. `'email.send'`; characters as of `queue`. Stored with each job: renaming it orphans the jobs that wait. */
  readonly type: Type
  /** Default: anything JSON-safe, typed `unknown`. */
  readonly payload?: P | undefined
  /** Default: anything JSON-safe, typed `unknown`. */
  readonly result?: R | undefined
}

/** Pure: registers nothing, opens nothing. Throws `TypeError` for a malformed name or policy. */
export function defineJob<
  const Type extends string,
  P extends StandardSchema = StandardSchema<unknown, unknown>,
  R extends StandardSchema = StandardSchema<unknown, unknown>,
>(
  options: DefineJobOptions<Type, P, R>,
): JobDefinition<InferOutput<P>, InferOutput<R>, InferInput<P>, InferInput<R>, Type> {
  const { type, payload, result, ...policy } = options
  checkName(type, 'type')
  checkPolicy(policy)
  return Object.freeze({
    ...policy,
    type,
    payload: checkSchema(payload, 'payload') as StandardSchema<InferInput<P>, InferOutput<P>>,
    result: checkSchema(result, 'result') as StandardSchema<InferInput<R>, InferOutput<R>>,
  })
}

/** What `enqueue` takes for a definition. */
export type PayloadInputOf<D extends AnyJobDefinition> = InferInput<D['payload']>
/** What a handler receives. */
export type PayloadOf<D extends AnyJobDefinition> = InferOutput<D['payload']>
/** What `result()` gives. */
export type ResultOf<D extends AnyJobDefinition> = InferOutput<D['result']>

const ANYTHING = unchecked<unknown>()

/** A definition that says no more than its name: `enqueue(defineJob({ type }), payload)`. */
export const saysOnlyItsType = (job: AnyJobDefinition): boolean =>
  Object.entries(job).every(([key, value]) => key === 'type' || value === undefined || value === ANYTHING)

/** Whether two definitions of one type say the same; made twice by a module that is loaded twice, they do. */
export function saysTheSame(a: AnyJobDefinition, b: AnyJobDefinition): boolean {
  const { payload: _p, result: _r, ...ofA } = a
  const { payload: _q, result: _s, ...ofB } = b
  return (
    a === b ||
    (a.payload === b.payload && a.result === b.result && JSON.stringify(sorted(ofA)) === JSON.stringify(sorted(ofB)))
  )
}

const sorted = (policy: object): [string, unknown][] => Object.entries(policy).sort(([a], [b]) => (a < b ? -1 : 1))

function checkSchema(schema: StandardSchema | undefined, what: string): StandardSchema {
  if (schema === undefined) return ANYTHING
  if (typeof schema?.['~standard']?.validate === 'function') return schema
  throw new TypeError(
    `${what}: expected a Standard Schema (zod, valibot, arktype, …) or unchecked<T>(), got ${typeof schema}`,
  )
}
