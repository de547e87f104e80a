/** The door of `@stint/store-redis/conformance`: how the suite of `@stint/core/conformance` comes to Redis. */
import { pathToFileURL } from 'node:url'
import type { ConformanceOptions } from '@stint/core/conformance'
import { RedisStore } from '../store.js'
import { countedClient } from './counted.js'
import { hooks } from './hooks.js'
import { placeOf } from './place.js'

/** Where this door is, for another process to import, in either format of modules. */
const HERE = import.meta.url ?? pathToFileURL(__filename).href

/**
 * The options by which the suite proves this store: `storeConformance({ describe, it }, conformance(url))`.
 *
 * `url` is what `openStore` takes, options in its query included. Each space is a prefix of its own on that server; the prefix of the URL itself is
 * never touched. Some cases pause all writers of the server for a moment, so it has to be one for tests.
 */
export function conformance(url: string): ConformanceOptions {
  const place = placeOf(url)
  const counted = countedClient()
  const { counts, Client } = counted
  return {
    name: 'redis',
    store: async (space, options) =>
      new RedisStore(place.optionsOf(space, options), { Client, durability: await place.durability() }),
    destroy: place.destroy,
    engine: {
      trips: () => counts.trips,
      commits: () => counts.commits,
      ...hooks(place, counted),
      processes: { module: HERE, args: [url] },
      cannot: {
        begin: 'Redis has no transaction that a script could join',
        work: 'the server counts its commands, not what they look at: test/cost.test.ts counts those',
      },
    },
  }
}
