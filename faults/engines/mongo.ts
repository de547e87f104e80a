import { mongo as search } from '../../scripts/servers/mongo.ts'
import type { Engine } from './engine.ts'
import { startServed } from './served.ts'

export const mongo: Engine = {
  name: 'mongo',
  durability: 'w: majority, j: true, one node: nothing that was acknowledged may be lost',
  hasOwnClock: true,
  cannot: {
    listeners: 'the store hears nothing from other processes here: it polls',
    'full memory': 'MongoDB has no limit of memory for data',
    'busy file': 'writers of a server do not wait for each other’s file',
  },
  async start({ folder }) {
    const program = await search.find()
    if (program === null) return search.install
    const { server, proxy, at, stop } = await startServed(program, folder)
    return {
      source: program.source,
      server,
      proxy,
      url: (space, way) => {
        const { host, deadline } = at(way)
        return `mongodb://${host}/${space}?directConnection=true&deadline=${deadline}`
      },
      stop,
    }
  },
}
