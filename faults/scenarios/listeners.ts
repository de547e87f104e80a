import { gap, instant } from '../instant.ts'
import type { Scenario } from '../scenario.ts'

/** So rare that work within five seconds is the work of hints. */
const POLL_MS = 60_000
const PATIENCE_MS = 3000

export const listenersDropped: Scenario = {
  name: 'listeners-dropped',
  says: 'the server ends the connections on which workers hear of new jobs; they poll once a minute',
  needs: 'listeners',
  isShort: true,
  workers: [{ pollMs: POLL_MS }],
  load: { perSecond: 4, ahead: 0 },
  back: () => 'any',
  async play(scene) {
    const times = Math.max(2, Math.round(scene.loadMs / 1500))
    scene.inject('listeners dropped', 0)
    for (let n = 0; n < times; n++) {
      await scene.gap(100, 500)
      // After a cut it takes a moment until there is one again.
      let dropped = 0
      for (const until = instant() + PATIENCE_MS; dropped === 0 && instant() < until; await gap(50))
        dropped = (await scene.place.dropListeners?.(scene.space)) ?? 0
      scene.inject('listeners dropped', dropped)
      await scene.worksAgain('the loss of the listening connection')
    }
    // Heard again, and not only asked once when the connection stood.
    await scene.gap(1000)
    await scene.worksAgain('the return of the listening connection')
  },
}
