import { defineProject } from 'vitest/config'
import { sources } from '../vitest.shared.js'

export default defineProject({
  resolve: { alias: sources },
  test: { name: 'bench', include: ['test/**/*.test.ts'], testTimeout: 60_000 },
})
