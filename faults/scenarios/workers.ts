import { gap, instant } from '../instant.ts'
import { type Scenario, WORKER } from '../scenario.ts'
import type { Scene, SceneWorker } from '../scene.ts'

const HELD = 4
const SLOW = { handlerMs: 400, concurrency: 8 }
/** Less than the slow workers can do. */
const LIGHT = { perSecond: 20, ahead: 40 }

export const workersKilled: Scenario = {
  name: 'workers-killed',
  says: 'kill -9 of workers that hold leases, again and again; another is started for each',
  isShort: true,
  workers: [SLOW, SLOW],
  load: LIGHT,
  async play(scene) {
    const times = Math.max(2, Math.round(scene.loadMs / 1000))
    scene.inject('workers killed', 0)
    for (let n = 0; n < times; n++) {
      const { process } = scene.dice.pick(scene.living)
      await process.order({ do: 'hold', jobs: HELD })
      await scene.gap(0, 200)
      await process.kill()
      const at = instant()
      scene.inject('workers killed')
      await scene.worksAgain('the kill of a worker', at)
      await scene.addWorker(SLOW)
    }
    scene.expects('expired', times)
  },
}

/** Until another worker holds one of the jobs that this one held. */
async function takenOver(scene: Scene, workerId: string): Promise<void> {
  const held = async (): Promise<readonly { readonly id: string; readonly by: string | undefined }[]> =>
    (await scene.store.list({ walk: 'lease', limit: 1000 })).jobs.map(({ id, lease }) => ({ id, by: lease?.workerId }))
  const own = new Set((await held()).filter(({ by }) => by === workerId).map(({ id }) => id))
  for (const until = instant() + WORKER.leaseMs * 4; instant() < until; await gap(20))
    if ((await held()).some(({ id, by }) => own.has(id) && by !== workerId)) return
  scene.problems.push(`no lease of the stopped ${workerId} was taken over within four times its length`)
}

const STOPS = 50

/** Who is stopped in the middle of a write to a file keeps everybody waiting, which is another fault (busy-file): such a one goes on and is stopped again. */
async function stopBetweenWrites({ place, space }: Scene, { process }: SceneWorker): Promise<void> {
  for (let tries = 0; tries < STOPS; tries++) {
    process.stop()
    const release = (await place.keepBusy?.(space).catch(() => null)) ?? null
    if (release !== null) await release()
    if (release !== null || place.keepBusy === undefined) return
    process.goOn()
    await gap(10)
  }
  throw new Error(`a worker was found in the middle of a write ${STOPS} times`)
}

export const workerStopped: Scenario = {
  name: 'worker-stopped',
  says: 'SIGSTOP of a worker until its leases are over and taken over, then SIGCONT: what it still does is refused',
  isShort: true,
  workers: [SLOW, { ...SLOW, handlerMs: 700 }],
  load: LIGHT,
  async play(scene) {
    const [stopped] = scene.workers
    if (!stopped) throw new Error('there is no worker')
    const times = Math.max(1, Math.round(scene.loadMs / 2000))
    scene.inject('workers stopped', 0)
    for (let n = 0; n < times; n++) {
      await stopped.process.order({ do: 'hold', jobs: HELD })
      await stopBetweenWrites(scene, stopped)
      // It comes back while another runs its jobs; in the next round when that one may have ended them.
      await takenOver(scene, stopped.workerId)
      if (n % 2 === 1) await scene.gap(0, 1500)
      stopped.process.goOn()
      scene.inject('workers stopped')
      await scene.worksAgain('the stop of a worker')
    }
    scene.expects('late', 1)
    scene.expects('expired', 1)
  },
}
