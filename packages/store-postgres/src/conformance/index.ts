/** The door of `@stint/store-postgres/conformance`: how the suite of `@stint/core/conformance` comes to Postgres. */
import { pathToFileURL } from 'node:url'
import type { ConformanceOptions } from '@stint/core/conformance'
import { PostgresStore } from '../store.js'
import { countedClient } from './counted.js'
import { hooks } from './hooks.js'
import { placeOf } from './place.js'

/** Where this door is, for another process to import, in either format of modules. */
const HERE = import.meta.url ?? pathToFileURL(__filename).href

/**
 * The options by which the suite proves this store: `storeConformance({ describe, it }, conformance(url))`.
 *
 * `url` is what `openStore` takes, options in its query included. Each space is a schema of its own in that database; the schema of the URL
 * itself is never touched. The role has to be allowed to make schemas and to end the connections of its own.
 */
export function conformance(url: string): ConformanceOptions {
  const place = placeOf(url)
  const { counts, Client } = countedClient()
  return {
    name: 'postgres',
    store: (space, options) => new PostgresStore(place.optionsOf(space, options), Client),
    destroy: place.destroy,
    engine: {
      trips: () => counts.trips,
      commits: () => counts.commits,
      ...hooks(place, Client),
      processes: { module: HERE, args: [url] },
    },
  }
}
