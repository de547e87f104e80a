import type { Scenario } from '../scenario.ts'

export const startInOutage: Scenario = {
  name: 'start-in-outage',
  says: 'a worker starts while its server cannot be reached, and opens its store again until it can',
  needs: 'wire',
  isShort: true,
  async play(scene) {
    const { proxy } = scene.place
    const before = proxy?.met.swallowed ?? 0
    proxy?.blackHole()
    const started = scene.addWorker()
    started.catch(() => {}) // heard below
    await scene.gap(scene.loadMs * 2)
    scene.inject('packets swallowed', (proxy?.met.swallowed ?? 0) - before)
    proxy?.heal()
    await started
    await scene.worksAgain('the outage in which a worker had started')
  },
}
