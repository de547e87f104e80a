import { defineConfig } from 'vitest/config'

const report = process.env.VITEST_REPORT

export default defineConfig({
  test: {
    projects: ['packages/*', 'examples/*', 'docs', 'faults', 'scripts', 'bench'],
    // CI makes its last line from the report in this file (.ci/run).
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
})
