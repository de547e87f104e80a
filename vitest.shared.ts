import { fileURLToPath } from 'node:url'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/**
 * Tests of the packages run on sources, so nobody builds to see a test. Each package's tsconfig.json says the same under `paths`; the export
 * maps know nothing of it, so nothing leaks into what is published. Exact matches: a subpath is not its package with something behind it.
 */
export const sources = [
  { find: /^@stint\/core$/, replacement: at('./packages/core/src/index.ts') },
  { find: /^@stint\/core\/store$/, replacement: at('./packages/core/src/kit-door.ts') },
  { find: /^@stint\/core\/testing$/, replacement: at('./packages/core/src/testing/index.ts') },
  { find: /^@stint\/core\/conformance$/, replacement: at('./packages/core/src/conformance/index.ts') },
  { find: /^@stint\/store-sqlite$/, replacement: at('./packages/store-sqlite/src/index.ts') },
  { find: /^@stint\/store-sqlite\/conformance$/, replacement: at('./packages/store-sqlite/src/conformance/index.ts') },
  { find: /^@stint\/store-postgres$/, replacement: at('./packages/store-postgres/src/index.ts') },
  {
    find: /^@stint\/store-postgres\/conformance$/,
    replacement: at('./packages/store-postgres/src/conformance/index.ts'),
  },
  { find: /^@stint\/store-redis$/, replacement: at('./packages/store-redis/src/index.ts') },
  { find: /^@stint\/store-redis\/conformance$/, replacement: at('./packages/store-redis/src/conformance/index.ts') },
  { find: /^@stint\/store-mongo$/, replacement: at('./packages/store-mongo/src/index.ts') },
  { find: /^@stint\/store-mongo\/conformance$/, replacement: at('./packages/store-mongo/src/conformance/index.ts') },
]
