import { upload } from './definitions.js'
import type { Host } from './host.js'

/** Follows work that happens elsewhere: calls go out in order, many of them unawaited. */
export async function track(host: Host): Promise<void> {
  const { dice, ledger } = host.world
  while (!host.world.isHealed && !host.isGone) {
    await host.sleep(dice.between(500, 8000))
    if (host.world.isHealed || host.isGone) return
    const id = host.world.newId()
    const said: Promise<unknown>[] = []
    await ledger.call(host, 'track', id, async (actor) => {
      const job = host.queue.track(upload, { file: actor }, { id, actor })
      const say = (make: () => Promise<unknown>): void => void said.push(ledger.call(host, 'tracked', id, make))
      say(() => job.start())
      if (dice.happens(0.7)) say(() => job.progress({ percent: 10 }))
      if (dice.happens(0.5)) say(() => job.log('began'))
      if (dice.happens(0.3)) await host.sleep(dice.between(0, 3000))
      const draw = dice.random()
      if (draw < 0.5) say(() => job.succeed('uploaded'))
      else if (draw < 0.8) say(() => job.fail(new Error('upload failed')))
      return job.written
    })
    await Promise.all(said)
  }
}

/** What was tracked and left open is ended by whoever knows its id. */
export async function finishTracked(host: Host): Promise<void> {
  const { ledger } = host.world
  const { jobs } = await host.queue.list({ queue: 'uploads', state: ['waiting', 'running'], limit: 1000 })
  for (const job of jobs)
    if (!job.lease) await ledger.call(host, 'tracked', job.id, () => host.queue.tracked(job.id).succeed('found'))
}
