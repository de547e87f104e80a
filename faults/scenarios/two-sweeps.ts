import { gap, instant } from '../instant.ts'
import type { Swept } from '../process/orders.ts'
import { type Scenario, WORKER } from '../scenario.ts'

const HELD = 30
/** From the order to the sweep: time for it to come to both. */
const LEAD_MS = 30
const MOST_ROUNDS = 8

/** The victim holds many leases; the two others only sweep, at the same moment. */
export const twoSweeps: Scenario = {
  name: 'two-sweeps',
  says: 'two processes expire the leases of a killed worker at the same moment',
  isShort: true,
  workers: [
    { concurrency: HELD, handlerMs: 60_000, leaseMs: WORKER.leaseMs, sweepMs: null },
    { concurrency: 0, sweepMs: null },
    { concurrency: 0, sweepMs: null },
  ],
  load: { perSecond: 0, ahead: 0 },
  async play(scene) {
    const [, one, other] = scene.workers
    let [victim] = scene.workers
    if (!victim || !one || !other) throw new Error('there are too few workers')
    await scene.enqueue(HELD)
    const times = Math.max(1, Math.round(scene.loadMs / 2000))
    scene.inject('sweeps that overlapped', 0)
    scene.inject('leases expired by them', 0)
    for (let n = 1; ; n++) {
      await victim.process.order({ do: 'hold', jobs: HELD })
      await victim.process.kill()
      await gap(WORKER.leaseMs + 50)
      const order = { do: 'sweep', at: instant() + LEAD_MS } as const
      const [first, second] = await Promise.all([one.process.order<Swept>(order), other.process.order<Swept>(order)])
      const hasOverlapped = first.begun < second.ended && second.begun < first.ended
      if (hasOverlapped) scene.inject('sweeps that overlapped')
      scene.inject('leases expired by them', first.expired + second.expired)
      if (first.expired + second.expired !== HELD)
        scene.problems.push(
          `two sweeps at once expired ${first.expired} and ${second.expired} of ${HELD} leases that were over`,
        )
      // On a busy machine one may be over before the other begins: then that was no race.
      if (n >= times && (hasOverlapped || n >= MOST_ROUNDS)) break
      victim = await scene.addWorker({ concurrency: HELD, handlerMs: 60_000, sweepMs: null })
    }
    await scene.addWorker()
    await scene.worksAgain('the last sweep')
  },
}
