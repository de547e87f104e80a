import type { Lease, LeaseHandle } from '@stint/core'
import type { Host } from './host.js'
import type { Verb } from './ledger.js'

/** A worker that is not ours: takes leases by hand, is often late, and sometimes settles what is no longer its own. */
export async function pull(host: Host, workerId: string): Promise<void> {
  const { dice, ledger } = host.world
  while (!host.isGone) {
    await host.sleep(dice.between(100, 2500))
    if (host.isGone) return
    const ids = dice.happens(0.1) ? [host.world.anyJob()].filter((id) => id !== undefined) : []
    const leases = await ledger.call(host, 'claim', null, () =>
      host.queue.claim({
        workerId,
        lease: host.world.isHealed ? '10s' : dice.between(800, 4000),
        ...(ids.length > 0
          ? { ids }
          : { queues: ['pull'], limit: dice.between(1, 3), wait: dice.pick([0, 500, 3000]) }),
      }),
    )
    await Promise.all((leases ?? []).map((lease) => hold(host, lease, workerId)))
  }
}

async function hold(host: Host, lease: Lease, workerId: string): Promise<void> {
  const { dice, ledger } = host.world
  const settle = (verb: Verb, make: () => Promise<unknown>): Promise<string> =>
    ledger.settle(host, lease, verb, make, true)
  const report = (make: () => Promise<unknown>): Promise<unknown> => ledger.call(host, 'report', lease.jobId, make)
  if (host.world.isHealed) return void (await settle('succeeded', () => lease.succeed('healed')))
  if (dice.happens(0.1)) return ledger.count('lease left alone')
  if (dice.happens(0.7)) await report(() => lease.start())
  await host.sleep(dice.between(0, 3000))
  if (dice.happens(0.6)) await report(() => lease.heartbeat({ progress: 'half', checkpoint: { by: workerId } }))
  if (dice.happens(0.3)) await report(() => lease.log('still here'))
  await host.sleep(dice.between(0, 6000))
  // What travelled as id and token is worth as much as what was claimed; or the worker knows its name only.
  const handle = dice.happens(0.3) ? host.queue.lease(lease.jobId, lease.token) : lease
  const rival = dice.happens(0.2) ? host.world.anyHost() : undefined
  const cancelling = rival && host.world.cancel(rival, lease.jobId)
  const outcome = await end(host, handle, settle)
  const cancelled = await cancelling
  if (cancelled && outcome === 'LEASE_LOST') ledger.count('race won by the cancel')
  if (rival && !cancelled && outcome === 'ok') ledger.count('race won by the settle')
  if (dice.happens(0.2)) await report(async () => void (await host.queue.leaseOf(lease.jobId, workerId)))
}

type Settle = (verb: Verb, make: () => Promise<unknown>) => Promise<string>

function end({ world: { dice } }: Host, handle: LeaseHandle, settle: Settle): Promise<string> {
  const draw = dice.random()
  if (draw < 0.6) return settle('succeeded', () => handle.succeed('pulled'))
  if (draw < 0.7) return settle('snoozed', () => handle.snooze('2s'))
  if (draw < 0.8) return settle('released', () => handle.release())
  const retry = dice.pick([true, false, '1s'] as const)
  return settle('failed', () => handle.fail(new Error('pulled and failed'), { retry }))
}
