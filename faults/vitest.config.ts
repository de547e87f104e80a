import { defineProject } from 'vitest/config'
import { sources } from '../vitest.shared.js'

export default defineProject({
  resolve: { alias: sources },
  test: { name: 'faults', include: ['test/**/*.test.ts'] },
})
