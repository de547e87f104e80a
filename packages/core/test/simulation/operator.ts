import type { QueueSettings } from '@stint/core'
import { LANES } from './definitions.js'
import type { Host } from './host.js'

/** Does everything an operator can do, to jobs and lanes drawn at random. */
export async function operate(host: Host): Promise<void> {
  const { dice } = host.world
  while (!host.world.isHealed && !host.isGone) {
    await host.sleep(dice.between(200, 5000))
    if (host.world.isHealed || host.isGone) return
    const act = dice.pick(ACTS)
    if (dice.happens(0.3)) host.world.start(() => act(host))
    else await act(host)
  }
}

const ACTS: readonly ((host: Host) => Promise<unknown>)[] = [
  cancel,
  retry,
  retry,
  reschedule,
  reprioritise,
  pause,
  resume,
  resume,
  redrive,
  configure,
  purge,
  wait,
]

const onJob =
  (
    kind: 'cancel' | 'retry' | 'reschedule' | 'reprioritise',
    make: (host: Host, id: string, actor: string) => Promise<unknown>,
  ) =>
  async (host: Host, state: 'queued' | null): Promise<unknown> => {
    const id = (state && (await queuedJob(host))) ?? host.world.anyJob()
    return id && host.world.ledger.call(host, kind, id, (actor) => make(host, id, actor))
  }

async function queuedJob(host: Host): Promise<string | undefined> {
  const found = await host.world.ledger.call(host, 'lane', null, () => host.queue.list({ state: 'queued', limit: 20 }))
  return found && found.jobs.length > 0 ? host.world.dice.pick(found.jobs).id : undefined
}

async function cancel(host: Host): Promise<unknown> {
  const id = host.world.anyJob()
  return id && host.world.cancel(host, id)
}

function retry(host: Host): Promise<unknown> {
  return onJob('retry', (on, id, actor) => on.queue.retry(id, { actor, reason: 'again' }))(host, null)
}

function reschedule(host: Host): Promise<unknown> {
  const delay = host.world.dice.between(0, 10_000)
  return onJob('reschedule', (on, id, actor) => on.queue.reschedule(id, { delay }, { actor }))(host, 'queued')
}

function reprioritise(host: Host): Promise<unknown> {
  const priority = host.world.dice.between(0, 100)
  return onJob('reprioritise', (on, id, actor) => on.queue.reprioritise(id, priority, { actor }))(host, 'queued')
}

const lane = (host: Host, make: (queue: string, actor: string) => Promise<unknown>): Promise<unknown> => {
  const queue = host.world.dice.pick(LANES)
  return host.world.ledger.call(host, 'lane', null, (actor) => make(queue, actor))
}

const counted = async (host: Host, what: string, done: Promise<unknown>): Promise<void> => {
  await done
  host.world.ledger.count(what)
}

function pause(host: Host): Promise<unknown> {
  return lane(host, (queue, actor) => counted(host, 'pause', host.queue.pause(queue, { actor })))
}

function resume(host: Host): Promise<unknown> {
  return lane(host, (queue) => counted(host, 'resume', host.queue.resume(queue)))
}

function redrive(host: Host): Promise<unknown> {
  return host.world.ledger.call(host, 'redrive', null, async (actor) => {
    const count = await host.queue.redrive({ queue: ['default', 'mail', 'bulk', 'pull'] }, { actor })
    if (count > 0) host.world.ledger.count('redriven')
  })
}

function configure(host: Host): Promise<unknown> {
  const { dice, ledger } = host.world
  const setting: QueueSettings = dice.pick<QueueSettings>([
    { auditHeartbeats: dice.happens(0.5) },
    { maxQueued: dice.pick([2, 10, null]) },
    { retention: { succeeded: '1s', cancelled: '5s', dead: '90d' } },
    { maxLogBytes: 1024 },
    { maxFinished: dice.pick([3, 10, null]) },
  ])
  return lane(host, (queue, actor) => {
    if ('maxFinished' in setting) ledger.forgetful.add(queue)
    return counted(host, 'configure', host.queue.configure(queue, setting, { actor }))
  })
}

function purge(host: Host): Promise<unknown> {
  return host.world.ledger.call(host, 'lane', null, () => host.queue.purge())
}

function wait(host: Host): Promise<unknown> {
  const { dice, ledger } = host.world
  const id = host.world.anyJob()
  if (!id) return Promise.resolve()
  return ledger.call(host, 'wait', id, async () => {
    const done = await host.queue.wait(id, { timeout: dice.between(0, 5000) })
    ledger.count(`waited for ${done.state}`)
  })
}
