/** Preload of the test's own child processes: they run the sources as vitest does, without a build. */
import { registerHooks } from 'node:module'

const at = (path: string): string => new URL(`../../../${path}`, import.meta.url).href
const SOURCES: Readonly<Record<string, string>> = {
  '@stint/core': at('core/src/index.ts'),
  '@stint/core/store': at('core/src/kit-door.ts'),
}

registerHooks({
  resolve(specifier, context, next) {
    const source = SOURCES[specifier]
    if (source !== undefined) return next(source, context)
    const isOurs = /^\.\.?\/.*\.js$/.test(specifier) && context.parentURL?.endsWith('.ts')
    return next(isOurs ? specifier.replace(/\.js$/, '.ts') : specifier, context)
  },
})
