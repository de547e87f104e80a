/**
 * The last line of CI: `N passed, N failed`, summed from the reports of check, Vitest and the main job. A part that did not end well and
 * reported no failure (it broke off, or its runner met an error outside of tests) counts as one. Plain JavaScript: it must run on any Node.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder] = process.argv.slice(2)
let passed = 0
let failed = 0
const parts = readdirSync(folder).filter((file) => file.endsWith('.exit'))
for (const part of parts.map((file) => file.slice(0, -'.exit'.length))) {
  const code = Number(readFileSync(join(folder, `${part}.exit`), 'utf8'))
  const path = join(folder, `${part}.json`)
  const report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  const partFailed = report.numFailedTests ?? report.failed ?? 0
  passed += report.numPassedTests ?? report.passed ?? 0
  failed += code !== 0 && partFailed === 0 ? 1 : partFailed
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && parts.length > 1 ? 0 : 1
