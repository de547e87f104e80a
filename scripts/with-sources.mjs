/**
 * `node --import <root>/scripts/with-sources.mjs child.ts` runs a file on the packages' sources, as Vitest does by its aliases: for tests that
 * start processes of their own. Node strips the types; what it does not do is find `x.ts` where an import says `./x.js`, and the sources of a
 * workspace package.
 */
import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { SOURCES } from './sources.ts'

const sources = new Map(SOURCES.map(([door, path]) => [door, new URL(`../${path}`, import.meta.url).href]))

registerHooks({
  resolve(specifier, context, next) {
    const source = sources.get(specifier)
    if (source) return next(source, context)
    if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts')) {
      const typed = fileURLToPath(new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL))
      if (existsSync(typed)) return next(pathToFileURL(typed).href, context)
    }
    return next(specifier, context)
  },
})
