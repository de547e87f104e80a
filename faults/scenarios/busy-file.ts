import type { Scenario } from '../scenario.ts'

export const busyFile: Scenario = {
  name: 'busy-file',
  says: 'another program keeps the file to itself, for longer than a call waits',
  needs: 'busy file',
  isShort: true,
  async play(scene) {
    const times = Math.max(1, Math.round(scene.loadMs / 2500))
    scene.inject('times the file was kept', 0)
    for (let n = 0; n < times; n++) {
      await scene.gap(100, 400)
      const free = await scene.place.keepBusy?.(scene.space)
      await scene.gap(2200, 3000)
      await free?.()
      scene.inject('times the file was kept')
      await scene.worksAgain('the other program’s write')
    }
  },
}
