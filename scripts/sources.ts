/** Each door of the packages, and the file that is its source: for tests, which run on sources (`vitest.shared.ts`), and for processes that they start (`with-sources.mjs`). */
export const SOURCES: readonly (readonly [door: string, path: string])[] = [
  ['@stint/core', 'packages/core/src/index.ts'],
  ['@stint/core/store', 'packages/core/src/kit-door.ts'],
  ['@stint/core/testing', 'packages/core/src/testing/index.ts'],
  ['@stint/core/conformance', 'packages/core/src/conformance/index.ts'],
  ...['sqlite', 'postgres', 'redis', 'mongo'].flatMap((name): [string, string][] => [
    [`@stint/store-${name}`, `packages/store-${name}/src/index.ts`],
    [`@stint/store-${name}/conformance`, `packages/store-${name}/src/conformance/index.ts`],
  ]),
]
