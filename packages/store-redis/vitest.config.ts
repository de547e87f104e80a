import { defineProject } from 'vitest/config'
import { sources } from '../../vitest.shared.js'

export default defineProject({
  resolve: { alias: sources },
  test: {
    name: 'store-redis',
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/server.ts'],
  },
})
