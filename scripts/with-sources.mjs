/**
 * `node --import <root>/scripts/with-sources.mjs child.ts` runs a file on the packages' sources, as Vitest does by its aliases: for tests that
 * start processes of their own. Node strips the types; what it does not do is find `x.ts` where an import says `./x.js`, and the sources of a
 * workspace package.
 */
import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

const at = (path) => new URL(`../${path}`, import.meta.url).href
const SOURCES = new Map([
  ['@stint/core', at('packages/core/src/index.ts')],
  ['@stint/core/store', at('packages/core/src/kit-door.ts')],
  ['@stint/core/testing', at('packages/core/src/testing/index.ts')],
  ['@stint/core/conformance', at('packages/core/src/conformance/index.ts')],
  ['@stint/store-sqlite', at('packages/store-sqlite/src/index.ts')],
  ['@stint/store-sqlite/conformance', at('packages/store-sqlite/src/conformance/index.ts')],
  ['@stint/store-postgres', at('packages/store-postgres/src/index.ts')],
  ['@stint/store-postgres/conformance', at('packages/store-postgres/src/conformance/index.ts')],
  ['@stint/store-redis', at('packages/store-redis/src/index.ts')],
  ['@stint/store-redis/conformance', at('packages/store-redis/src/conformance/index.ts')],
  ['@stint/store-mongo', at('packages/store-mongo/src/index.ts')],
  ['@stint/store-mongo/conformance', at('packages/store-mongo/src/conformance/index.ts')],
])

registerHooks({
  resolve(specifier, context, next) {
    const source = SOURCES.get(specifier)
    if (source) return next(source, context)
    if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts')) {
      const typed = fileURLToPath(new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL))
      if (existsSync(typed)) return next(pathToFileURL(typed).href, context)
    }
    return next(specifier, context)
  },
})
