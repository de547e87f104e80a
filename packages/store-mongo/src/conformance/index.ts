/** The door of `@stint/store-mongo/conformance`: how the suite of `@stint/core/conformance` comes to MongoDB. */
import { pathToFileURL } from 'node:url'
import type { ConformanceOptions } from '@stint/core/conformance'
import { MongoStore } from '../store.js'
import { counting } from './counted.js'
import { hooks } from './hooks.js'
import { placeOf } from './place.js'

/** Where this door is, for another process to import, in either format of modules. */
const HERE = import.meta.url ?? pathToFileURL(__filename).href

/**
 * The options by which the suite proves this store: `storeConformance({ describe, it }, conformance(url))`.
 *
 * `url` is what `openStore` takes, options in its query included. Each space is a database of its own on that server; the database of the URL
 * itself is never touched. The user has to be allowed to make and drop databases, and to lock the server's writes for a moment.
 */
export function conformance(url: string): ConformanceOptions {
  const place = placeOf(url)
  const { counts, tally } = counting()
  return {
    name: 'mongo',
    // A server says of what kind it is only when it is asked, and abilities hang on that.
    store: async (space, options) =>
      new MongoStore(await place.optionsOf(space, options), { tally, isReplicaSet: await place.isReplicaSet() }),
    destroy: place.destroy,
    engine: {
      trips: () => counts.trips,
      commits: () => counts.commits,
      ...hooks(place),
      processes: { module: HERE, args: [url] },
    },
  }
}
