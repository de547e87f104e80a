import { fileURLToPath } from 'node:url'
import { SOURCES } from './scripts/sources.js'

/**
 * Tests of the packages run on sources, so nobody builds to see a test. Each package's tsconfig.json says the same under `paths`; the export
 * maps know nothing of it, so nothing leaks into what is published. Exact matches: a subpath is not its package with something behind it.
 */
export const sources = SOURCES.map(([door, path]) => ({
  find: new RegExp(`^${door}$`),
  replacement: fileURLToPath(new URL(path, import.meta.url)),
}))
