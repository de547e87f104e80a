import { gap, instant } from '../instant.ts'
import type { Scenario } from '../scenario.ts'
import type { Scene } from '../scene.ts'
import type { Cut } from '../tcp-proxy.ts'

/** A cut that meets nothing within so long will meet nothing. */
const PATIENCE_MS = 3000

/** The wire is cut again and again while load runs, each time at the next request about jobs. */
async function cutOften(scene: Scene, cut: Cut): Promise<void> {
  const { proxy } = scene.place
  if (proxy === null) throw new Error('there is no wire')
  scene.inject(`cut ${cut}`, 0)
  let last = instant()
  for (const until = instant() + scene.loadMs; instant() < until; ) {
    const fired = await Promise.race([proxy.cut(cut).then(() => true), gap(PATIENCE_MS).then(() => false)])
    if (!fired) break
    scene.inject(`cut ${cut}`)
    last = instant()
    await scene.gap(20, 300)
  }
  proxy.disarm()
  await scene.worksAgain(`the last cut ${cut}`, last)
}

const of = (cut: Cut, says: string): Scenario => ({
  name: `cut-${cut}`,
  says,
  needs: 'wire',
  isShort: cut !== 'mid-request',
  play: (scene) => cutOften(scene, cut),
})

export const cuts: readonly Scenario[] = [
  of('before', 'connections are cut before a request is passed on'),
  of('behind', 'connections are cut behind the request and before the reply'),
  of('mid-request', 'connections are cut in the middle of a request'),
  of('mid-reply', 'connections are cut in the middle of a reply'),
]
