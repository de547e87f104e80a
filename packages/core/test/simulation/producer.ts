import { batched, LANES, pulled, worked } from './definitions.js'
import type { Host } from './host.js'

const all = [...worked, pulled, batched]

/** Enqueues in every way there is, some of it twice from two hosts at once. */
export async function produce(host: Host): Promise<void> {
  const { dice } = host.world
  while (!host.world.isHealed && !host.isGone) {
    await host.sleep(dice.between(100, 6000))
    if (host.world.isHealed || host.isGone) return
    const way = dice.pick(WAYS)
    if (dice.happens(0.3)) host.world.start(() => way(host))
    else await way(host)
  }
}

const enqueue = (host: Host, jobId: string | null, options: Parameters<Host['queue']['enqueue']>[2] = {}) => {
  const { dice, ledger } = host.world
  return ledger.call(host, 'enqueue', jobId, (actor) =>
    host.queue.enqueue(
      dice.pick(all),
      { for: actor },
      { ...options, actor, ...(jobId !== null && { id: jobId }), priority: dice.pick([10, 50, 50, 90]) },
    ),
  )
}

const WAYS: readonly ((host: Host) => Promise<unknown>)[] = [
  (host) => enqueue(host, null),
  (host) => enqueue(host, host.world.newId()),
  (host) => enqueue(host, host.world.newId(), { delay: host.world.dice.between(0, 20_000) }),
  (host) =>
    enqueue(host, host.world.newId(), { runAt: new Date(host.clock.now() + host.world.dice.between(-5000, 10_000)) }),
  keyed,
  debounced,
  sameIdTwice,
  many,
]

function keyed(host: Host): Promise<unknown> {
  const { dice } = host.world
  const uniqueUntil = dice.pick(['claimed', 'finished'] as const)
  return enqueue(host, null, { uniqueKey: dice.pick(['a', 'b']), uniqueUntil, queue: dice.pick(LANES) })
}

function debounced(host: Host): Promise<unknown> {
  const { dice, ledger } = host.world
  return ledger.call(host, 'enqueue', null, (actor) =>
    host.queue.enqueue(
      dice.pick(worked),
      { for: actor },
      {
        actor,
        uniqueKey: 'debounce',
        ifExists: 'replace',
        delay: dice.between(0, 3000),
        queue: 'default',
        tags: [actor],
      },
    ),
  )
}

/** A client that gave up waiting and sent its request to another server. */
async function sameIdTwice(host: Host): Promise<void> {
  const { dice, ledger } = host.world
  const id = host.world.newId()
  const job = dice.pick(worked)
  const other = host.world.anyHost() ?? host
  const send = (by: Host, payload: unknown): Promise<unknown> =>
    ledger.call(by, 'enqueue', id, (actor) => by.queue.enqueue(job, payload, { id, actor }))
  await Promise.all([send(host, 'same'), send(other, dice.happens(0.8) ? 'same' : 'another')])
}

async function many(host: Host): Promise<void> {
  const { dice, ledger } = host.world
  await ledger.call(host, 'many', null, async (actor) => {
    const items = Array.from({ length: dice.between(2, 5) }, () => ({ job: dice.pick(all), payload: actor, actor }))
    for (const job of await host.queue.enqueueMany(items)) ledger.acknowledged.add(job.id)
  })
}
