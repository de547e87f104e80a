import type { Scenario } from '../scenario.ts'

export const fullMemory: Scenario = {
  name: 'full-memory',
  says: 'the server has reached its maxmemory and takes no more jobs; then it has room again',
  needs: 'full memory',
  isShort: true,
  async play(scene) {
    const free = await scene.place.fillMemory?.()
    await scene.gap(scene.loadMs)
    await free?.()
    scene.inject('times without memory')
    scene.expects('failed', 1)
    await scene.worksAgain('the lack of memory')
  },
}

/** An engine may end when its disk is full, and is then started by whoever looks after it. */
export const fullDisk: Scenario = {
  name: 'full-disk',
  says: 'not a byte is left on the disk of the data; then there is room again',
  needs: 'full disk',
  isShort: true,
  // Engines keep some room for themselves: it has to be used up while the fault lasts.
  load: { payloadBytes: 50_000, ahead: 40 },
  smallDiskMb: { sqlite: 16, postgres: 160, mongo: 400 },
  async play(scene) {
    scene.watchServer()
    const free = scene.disk.fill()
    await scene.gap(scene.loadMs)
    free()
    scene.inject('times without room on the disk')
    scene.expects('failed', 1)
    await scene.worksAgain('the full disk')
  },
}
