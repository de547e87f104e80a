import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { defineJob, handle, JobQueue, openStore, unchecked } from '@stint/core'
import { type Context, freshName } from '../context.ts'
import { type Figure, percentile, spreadOf } from '../figures.ts'

/** `at`: `process.hrtime` of whoever asked, in ms; one clock for all processes of a machine. */
export const stamped = defineJob({ type: 'stamped', payload: unchecked<{ at: number }>() })

export const clockMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000

const JOBS = 200
/** Not counted: connections are made, statements prepared. */
const WARM_UP = 5

/** From the call of `enqueue` to the start of the handler, where the worker sleeps and nothing else happens. */
export async function pickup(context: Context): Promise<Figure[]> {
  const url = context.place.url(freshName())
  await using jobs = new JobQueue({ store: openStore(url) })
  const heard: number[] = []
  let next = Promise.withResolvers<void>()
  jobs.work(
    handle(stamped, ({ payload }) => {
      heard.push(clockMs() - payload.at)
      next.resolve()
    }),
  )
  await jobs.open()
  const producer = context.place.isShared ? await otherProcess(url, context.execArgv) : null
  try {
    for (let n = 0; n < context.jobs(JOBS) + WARM_UP; n++) {
      // Long enough that everybody sleeps again, and in step with nothing.
      await pause(10 + Math.random() * 20)
      next = Promise.withResolvers<void>()
      if (producer === null) await jobs.enqueue(stamped, { at: clockMs() })
      else producer.send('enqueue')
      await next.promise
    }
  } finally {
    if (producer !== null) {
      const ended = once(producer, 'exit')
      producer.send('end')
      await ended
    }
  }
  const counted = heard.slice(WARM_UP)
  const note = producer === null ? 'within one process' : 'enqueued by another process'
  return [0.5, 0.99].map((share) => ({
    name: `idle pickup: p${share * 100}`,
    unit: 'ms' as const,
    value: percentile(counted, share),
    spread: spreadOf(counted),
    note,
  }))
}

async function otherProcess(url: string, execArgv: readonly string[]): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('pickup-producer.ts', import.meta.url)), [url], { execArgv: [...execArgv] })
  const [message] = await Promise.race([once(child, 'message'), once(child, 'exit')])
  if (message !== 'ready') throw new Error('the process that enqueues could not be started')
  return child
}
