/** `npm run check`: everything that can be said about the repository without running its tests. All steps run, so one go shows all that is wrong. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { root } from './root.ts'

interface Step {
  readonly name: string
  readonly command: readonly string[]
}

const typed = ['packages', 'examples']
  .filter((folder) => existsSync(`${root}${folder}`))
  .flatMap((folder) => readdirSync(`${root}${folder}`).map((name) => `${folder}/${name}`))
  .filter((folder) => existsSync(`${root}${folder}/tsconfig.json`))

const steps: Step[] = [
  { name: 'format and lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'build', command: ['node', 'scripts/build.ts'] },
  ...['.', 'docs', 'faults', 'bench', ...typed].map((folder) => ({
    name: `types of ${folder === '.' ? 'scripts' : folder}`,
    command: ['tsc', '-p', folder, '--noEmit'],
  })),
  { name: 'state machine page', command: ['node', 'scripts/state-machine-doc.ts', '--check'] },
  { name: 'store contract page', command: ['node', 'scripts/store-contract-doc.ts', '--check'] },
  { name: 'tidy', command: ['node', 'scripts/tidy.ts'] },
  { name: 'packages', command: ['node', 'scripts/check-packages.ts'] },
]

const failed: string[] = []
for (const { name, command } of steps) {
  const [program = '', ...args] = command
  const began = performance.now()
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (error)
    console.error(
      `${program} could not be started (${error.message}): run this by \`npm run check\`, after \`npm ci\`.`,
    )
  const isFine = status === 0
  if (!isFine) failed.push(name)
  console.log(`${isFine ? 'ok    ' : 'FAILED'} ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`)
}
if (process.env.CHECK_REPORT) {
  const report = { passed: steps.length - failed.length, failed: failed.length }
  writeFileSync(process.env.CHECK_REPORT, JSON.stringify(report))
}
if (failed.length > 0) {
  console.error(`check: ${failed.length} of ${steps.length} steps failed: ${failed.join(', ')}`)
  process.exit(1)
}
console.log(`check: all ${steps.length} steps passed`)
