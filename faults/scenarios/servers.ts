import type { Scenario } from '../scenario.ts'

/** kill -9 says nothing of what a loss of power would do: what the system has been given survives it. */
export const serverKilled: Scenario = {
  name: 'server-killed',
  says: 'kill -9 of the server under load, and its restart',
  needs: 'server',
  isShort: true,
  async play(scene) {
    const { server } = scene.place
    if (server === null) throw new Error('there is no server')
    const times = Math.max(1, Math.round(scene.loadMs / 2000))
    scene.inject('server killed', 0)
    for (let n = 0; n < times; n++) {
      await scene.gap(200, 600)
      await server.kill()
      scene.inject('server killed')
      await scene.gap(0, 1500)
      await server.start()
      await scene.worksAgain('the restart of the server')
    }
  },
}

export const serverStopped: Scenario = {
  name: 'server-stopped',
  says: 'SIGSTOP of the server under load: it takes connections and answers nothing, then SIGCONT',
  needs: 'server',
  async play(scene) {
    const { server } = scene.place
    await scene.gap(100, 400)
    server?.pause()
    await scene.gap(scene.loadMs, scene.loadMs * 1.5)
    server?.resume()
    scene.inject('server stopped')
    await scene.worksAgain('the stop of the server')
  },
}
