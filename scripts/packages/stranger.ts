/** The packages in the hands of somebody who has nothing of ours: an empty folder outside the repository, the tarballs, a registry. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../root.ts'
import { CheckFailed, run, tsc } from './shell.ts'
import type { Tarball } from './tarballs.ts'

const PROGRAM = `
import { defineJob, handle, isStintError, JobQueue, memoryStore, unchecked } from '@stint/core'
import { runConformance } from '@stint/core/conformance'
import { admit, byClaimOrder } from '@stint/core/store'
import { testClock } from '@stint/core/testing'
import { sqliteStore } from '@stint/store-sqlite'
import { conformance } from '@stint/store-sqlite/conformance'

const double = defineJob({ type: 'double', payload: unchecked<{ n: number }>(), result: unchecked<number>() })

async function work(jobs: JobQueue): Promise<number> {
  jobs.work(handle(double, async ({ payload }) => payload.n * 2))
  const job = await jobs.enqueue(double, { n: 21 })
  const result: number = await jobs.result(job, { timeout: '10s' })
  // @ts-expect-error the payload's type travels from the definition
  const refused = () => jobs.enqueue(double, { n: '21' })
  void refused
  await jobs.close()
  return result
}

async function main(): Promise<void> {
  const inMemory = await work(new JobQueue({ store: memoryStore() }))
  const inFile = await work(new JobQueue({ store: sqliteStore({ path: process.argv[2] ?? 'jobs.db' }) }))
  const proof = await runConformance({ ...conformance(), only: ['IDEM-1', 'BATCH-3'] })
  const refuted = proof.cases.filter(({ outcome }) => outcome === 'failed').map(({ name, reason }) => [name, reason])
  console.log(JSON.stringify([inMemory, inFile, proof.passed > 0, refuted, typeof admit, typeof byClaimOrder, typeof testClock().now(), isStintError(new Error('no'))]))
}
main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
`
const PRINTS = '[42,42,true,[],"function","function","number",false]'

const DOORS = [
  '@stint/core',
  '@stint/core/store',
  '@stint/core/testing',
  '@stint/core/conformance',
  '@stint/store-sqlite',
  '@stint/store-sqlite/conformance',
]

export function install(folder: string, tarballs: readonly Tarball[]): void {
  mkdirSync(folder, { recursive: true })
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>
  }
  const others = ['better-sqlite3', '@types/node', '@types/better-sqlite3'].map(
    (name) => `${name}@${devDependencies[name]}`,
  )
  write(folder, 'package.json', { name: 'stranger', private: true, allowScripts: { 'better-sqlite3': false } })
  run(folder, 'npm', [
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    ...tarballs.map(({ path }) => path),
    ...others,
  ])
}

/** Same module in both formats, by every door. */
export function doorsOpen(folder: string): void {
  const names = (load: string): string =>
    `const found = {}; for (const door of ${JSON.stringify(DOORS)}) found[door] = Object.keys(${load}).filter((name) => name !== '__esModule' && name !== 'module.exports' && name !== 'default').sort(); console.log(JSON.stringify(found))`
  const esm = run(folder, process.execPath, ['--input-type=module', '--eval', names('await import(door)')])
  const cjs = run(folder, process.execPath, ['--input-type=commonjs', '--eval', names('require(door)')])
  if (esm !== cjs) throw new CheckFailed(`import and require find different names\n  import:  ${esm}  require: ${cjs}`)
  for (const [door, exported] of Object.entries(JSON.parse(esm) as Record<string, string[]>)) {
    if (exported.length === 0) throw new CheckFailed(`${door} exports nothing`)
  }
}

/** The program that a stranger proves a store with, by its name. */
export function conformanceRuns(folder: string): string {
  const totals = ['memory:', 'sqlite:try.db'].map((url) => {
    const told = run(folder, 'npx', ['--no-install', 'stint-conformance', '--store', url, '--only', 'FENCE', '--quiet'])
    const total = told.trim().split('\n').at(-1) ?? ''
    if (!/^\d\d+ passed, 0 failed/.test(total)) throw new CheckFailed(`stint-conformance --store ${url} says: ${told}`)
    return `${url} ${total}`
  })
  return `npx stint-conformance: ${totals.join('; ')}`
}

/** Strict, without skipLibCheck: our declarations must compile in a stranger's program too. */
export function compilesAndRuns(folder: string, module: 'node16' | 'nodenext', type: 'commonjs' | 'module'): void {
  const project = join(folder, `${type}-${module}`)
  mkdirSync(project, { recursive: true })
  writeFileSync(join(project, 'main.ts'), PROGRAM)
  write(project, 'package.json', { type })
  write(project, 'tsconfig.json', {
    compilerOptions: {
      module,
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      outDir: 'out',
      rootDir: '.',
    },
    files: ['main.ts'],
  })
  tsc(project, '-p', '.')
  const printed = run(project, process.execPath, ['out/main.js', 'jobs.db']).trim()
  if (printed !== PRINTS) throw new CheckFailed(`${type}, ${module}: printed ${printed}, expected ${PRINTS}`)
}

const write = (folder: string, file: string, value: unknown): void =>
  writeFileSync(join(folder, file), JSON.stringify(value, null, 2))
