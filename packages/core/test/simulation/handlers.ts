import { type AnyJobHandler, handle, handleBatch, type JobContext, JobError } from '@stint/core'
import { batched, mail, plain, slow, worked } from './definitions.js'
import type { Host } from './host.js'
import type { Verb } from './ledger.js'

type Context = JobContext<unknown, unknown>

/** Every handler of a pool; what a run does is drawn when it begins. */
export function handlersOf(host: Host, concurrency: number): AnyJobHandler[] {
  let running = 0
  const inSlot = async <T>(work: () => Promise<T>): Promise<T> => {
    if (++running > concurrency)
      host.world.failures.push(new Error(`${host.name} runs ${running} handlers, of ${concurrency}`))
    try {
      return await work()
    } finally {
      running--
    }
  }
  return [
    ...[plain, slow, mail].map((job) => handle(job, (context) => inSlot(() => run(host, context)))),
    handleBatch(batched, (contexts) => inSlot(() => runBatch(host, contexts)), {
      size: host.world.dice.between(2, 4),
      wait: host.world.dice.pick([0, '300ms'] as const),
    }),
  ]
}

type Behaviour = (host: Host, context: Context) => Promise<unknown> | unknown

async function run(host: Host, context: Context): Promise<unknown> {
  const { world } = host
  if (world.isHealed) return 'healed'
  const [name, behave] = world.dice.pick(world.behaviours)
  host.trace(`runs ${context.jobId} fence ${context.fence}: ${name}`)
  world.ledger.count(`handler ${name}`)
  return behave(host, context)
}

const nap = (host: Host): Promise<void> => host.sleep(host.world.dice.between(1, 1500))

/** Tries a verb of the context, whose answer must be one that the contract knows. */
const settle = (host: Host, context: Context, verb: Verb, make: () => Promise<unknown>): Promise<string> =>
  host.world.ledger.settle(host, context, verb, make)

const report = (host: Host, { jobId }: Context, make: () => Promise<unknown>) =>
  host.world.ledger.call(host, 'report', jobId, make)

/** Resolves when the signal aborts, or when the world is healed: then nothing hangs any more. */
const aborted = ({ world }: Host, { signal }: Context): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted || world.isHealed) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
    world.whenHealed.push(resolve)
  })

export const BEHAVIOURS: readonly (readonly [string, Behaviour])[] = [
  ['returns at once', () => 'done'],
  [
    'works a while',
    async (host) => {
      await nap(host)
      return { took: 'a while' }
    },
  ],
  [
    'throws',
    async (host) => {
      await nap(host)
      throw new Error('boom')
    },
  ],
  [
    'gives up',
    () => {
      throw new JobError('never', { retry: false })
    },
  ],
  [
    'asks for a delay',
    () => {
      throw new JobError('soon', { retry: '700ms' })
    },
  ],
  ['snoozes', (host, { snooze }) => snooze(host.world.dice.between(100, 3000))],
  ['releases', async (host, context) => void (await settle(host, context, 'released', () => context.release()))],
  [
    'hangs until aborted',
    async (host, context) => {
      await aborted(host, context)
      host.world.ledger.count(`aborted ${context.signal.reason?.code ?? 'by nobody'}`)
      return 'too late'
    },
  ],
  [
    'hangs, then speaks',
    async (host, context) => {
      await aborted(host, context)
      await report(host, context, () => context.saveCheckpoint({ at: 'abort' }))
      await settle(host, context, 'failed', () => context.fail(new Error('last words')))
    },
  ],
  [
    'does not listen',
    async (host) => {
      await host.sleep(host.world.dice.between(3000, 15_000))
      return 'at last'
    },
  ],
  [
    'reports',
    async (host, context) => {
      for (let step = 1; step <= 3; step++) {
        await report(host, context, () => context.progress({ step }))
        void report(host, context, () => context.log(`step ${step}, after ${JSON.stringify(context.checkpoint)}`))
        await report(host, context, () => context.saveCheckpoint({ step }))
        await nap(host)
      }
    },
  ],
  [
    'settles by hand',
    async (host, context) => {
      await nap(host)
      await settle(host, context, 'succeeded', () => context.succeed('by hand'))
      await nap(host)
      return 'ignored'
    },
  ],
  [
    'settles twice',
    async (host, context) => {
      void settle(host, context, 'succeeded', () => context.succeed('one'))
      await settle(host, context, 'failed', () => context.fail(new Error('two'), { retry: false }))
    },
  ],
  [
    'repeats its settle',
    async (host, context) => {
      await settle(host, context, 'succeeded', () => context.succeed('same'))
      await nap(host)
      await settle(host, context, 'succeeded', () => context.succeed('same'))
    },
  ],
  [
    'leaves its settle alone',
    (host, context) => {
      void settle(host, context, 'failed', () => context.fail('left alone', { retry: '300ms' }))
    },
  ],
  [
    'enqueues',
    async (host, context) => {
      await host.world.ledger.call(host, 'enqueue', null, (actor) =>
        host.queue.enqueue(host.world.dice.pick(worked), { parent: context.jobId }, { actor }),
      )
    },
  ],
  [
    'kills its host',
    async (host) => {
      await nap(host)
      if (host.world.net.swarm.crashes && !host.world.isHealed) {
        host.world.ledger.count('abandoned')
        host.crash()
      }
      await host.sleep(1)
    },
  ],
]

async function runBatch(host: Host, contexts: readonly Context[]): Promise<void> {
  const { dice, isHealed, ledger } = host.world
  ledger.count('handler batch')
  if (isHealed) return
  host.trace(`runs a batch of ${contexts.map((one) => one.jobId).join(' ')}`)
  await nap(host)
  for (const context of contexts) {
    if (context.signal.aborted) continue
    if (dice.happens(0.3)) await settle(host, context, 'succeeded', () => context.succeed('one by one'))
    else if (dice.happens(0.2)) await settle(host, context, 'failed', () => context.fail(new Error('not this one')))
    else if (dice.happens(0.1)) await settle(host, context, 'snoozed', () => context.snooze(500))
  }
  if (dice.happens(0.2)) throw new Error('the rest of the batch')
}
