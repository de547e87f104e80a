import type { Scenario } from '../scenario.ts'

const TEN_MINUTES_MS = 600_000

/** Where the engine has a clock of its own, a worker's is asked for nothing: no live lease is taken, no job comes early. */
export const wrongClocks: Scenario = {
  name: 'wrong-clocks',
  says: 'the clocks of two workers are ten minutes slow and fast, that of the producer is fast too',
  isShort: true,
  workers: [{}, { clockOffMs: TEN_MINUTES_MS, handlerMs: 60 }, { clockOffMs: -TEN_MINUTES_MS, handlerMs: 60 }],
  clockOffOfProducerMs: TEN_MINUTES_MS,
  // Where each process asks its own clock, to the slow one nothing is due yet.
  back: ({ hasOwnClock }) => (hasOwnClock ? 'each' : 'any'),
  async play(scene) {
    await scene.gap(scene.loadMs)
    scene.inject('processes with a wrong clock', 3)
    await scene.worksAgain('the work beside wrong clocks')
    if (scene.engine.hasOwnClock) scene.expects('never expired')
  },
}
