import { defineProject } from 'vitest/config'
import { sources } from '../../vitest.shared.js'

export default defineProject({
  resolve: { alias: sources },
  test: {
    name: 'store-mongo',
    include: ['test/**/*.test.ts'],
    // Writes wait for a disk that other tests write to.
    testTimeout: 30_000,
    globalSetup: ['test/support/server.ts'],
  },
})
