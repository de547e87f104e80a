/**
 * What a tracer may subscribe to, by `node:diagnostics_channel`: `tracing:stint:attempt:*` around each run of a handler, and
 * `tracing:stint:exchange:*` around each write of the store (send-batch.ts). Nothing is made for nobody.
 */
import { tracingChannel } from 'node:diagnostics_channel'
import type { Job } from './job.js'

export interface AttemptTrace {
  readonly workerId: string
  readonly jobs: readonly Job[]
}

const attempts = tracingChannel<AttemptTrace>('stint:attempt')

/** Runs a handler's call, traced when somebody listens. */
export function traceAttempt<T>(trace: () => AttemptTrace, run: () => T | Promise<T>): T | Promise<T> {
  return attempts.hasSubscribers ? attempts.tracePromise(async () => run(), trace()) : run()
}
