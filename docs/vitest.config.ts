import { defineProject } from 'vitest/config'

// No alias to sources here: what a page shows must work with the packages as they are built.
export default defineProject({
  test: { name: 'docs', include: ['test/**/*.test.ts', 'programs/test/**/*.test.ts'], hookTimeout: 120_000 },
})
