/** The door of `@stint/store-sqlite/conformance`: how the suite of `@stint/core/conformance` comes to SQLite. */
import { pathToFileURL } from 'node:url'
import type { ConformanceOptions } from '@stint/core/conformance'
import { SqliteStore } from '../store.js'
import { countedDriver } from './counted.js'
import { counters, hooksOfFiles } from './hooks.js'
import { placeOf, temporaryUrl } from './place.js'

/** Where this door is, for another process to import. The build leaves no `import.meta` in CommonJS (tsup.config.ts), where the file has a name. */
const HERE = import.meta.url ?? pathToFileURL(__filename).href

/**
 * The options by which the suite proves this store: `storeConformance({ describe, it }, conformance())`.
 *
 * `url` is what `openStore` takes, options in its query included: `sqlite:jobs.db?synchronous=NORMAL`. Each space is a file of its own beside
 * that file (`jobs.db.case_….db`), which itself is never opened; `sqlite::memory:` gives each store a database of its own. Default: files
 * in the system's temporary folder. Throws `STORE_UNAVAILABLE` when the folder of the file is not there.
 */
export function conformance(url: string = temporaryUrl()): ConformanceOptions {
  const place = placeOf(url)
  const { counts, open } = countedDriver()
  return {
    name: 'sqlite',
    store: (space, options) => new SqliteStore({ ...place.optionsOf(options), path: place.pathOf(space) }, open),
    destroy: place.destroy,
    engine: {
      ...counters(counts),
      cannot: { cut: 'SQLite runs inside the process: there is no connection that could be cut' },
      ...(place.isInFiles && {
        ...hooksOfFiles(place, open),
        processes: { module: HERE, args: [place.url] },
      }),
    },
  }
}
