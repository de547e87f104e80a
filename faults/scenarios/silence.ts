import type { Scenario } from '../scenario.ts'

/** Half-open connections: packets go nowhere, and nobody says so. */
export const blackHole: Scenario = {
  name: 'black-hole',
  says: 'packets vanish both ways, on standing and on new connections; the old ones stay dead',
  needs: 'wire',
  isShort: true,
  async play(scene) {
    const { proxy } = scene.place
    const before = proxy?.met.swallowed ?? 0
    proxy?.blackHole()
    await scene.gap(scene.loadMs, scene.loadMs * 1.5)
    proxy?.heal()
    scene.inject('packets swallowed', (proxy?.met.swallowed ?? 0) - before)
    await scene.worksAgain('the black hole')
  },
}

const LEAST_MS = 20
const MOST_MS = 250

export const slowWire: Scenario = {
  name: 'slow-wire',
  says: `every packet comes ${LEAST_MS} to ${MOST_MS} ms late, each way`,
  needs: 'wire',
  async play(scene) {
    const { proxy } = scene.place
    const before = proxy?.met.delayed ?? 0
    proxy?.delay(() => scene.dice.whole(LEAST_MS, MOST_MS))
    await scene.gap(scene.loadMs)
    proxy?.heal()
    scene.inject('packets delayed', (proxy?.met.delayed ?? 0) - before)
    await scene.worksAgain('the delay')
  },
}
