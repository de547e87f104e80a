/** The packages in the hands of somebody who has nothing of ours: an empty folder outside the repository, the tarballs, a registry. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../root.ts'
import { CheckFailed, run, tsc } from './shell.ts'
import type { Tarball } from './tarballs.ts'

const PROGRAM = `
import { defineJob, handle, isStintError, JobQueue, memoryStore, unchecked } from '@stint/core'
import { runConformance } from '@stint/core/conformance'
import { admit, byClaimOrder } from '@stint/core/store'
import { testClock } from '@stint/core/testing'
import { mongoStore } from '@stint/store-mongo'
import { postgresStore } from '@stint/store-postgres'
import { redisStore } from '@stint/store-redis'
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

// Nobody is at these addresses: the stores say so by a code, and hold the process no longer.
const nobody = [
  postgresStore({ url: 'postgres://127.0.0.1:1/none', deadline: '1s' }),
  redisStore({ url: 'redis://127.0.0.1:1', deadline: '1s' }),
  mongoStore({ url: 'mongodb://127.0.0.1:1', deadline: '1s' }),
]
async function unreachable(): Promise<unknown[]> {
  return Promise.all(
    nobody.map(async (store) => {
      try {
        await store.open()
        return 'opened'
      } catch (error) {
        return isStintError(error) ? error.code : error
      } finally {
        await store.close()
      }
    }),
  )
}

async function main(): Promise<void> {
  const inMemory = await work(new JobQueue({ store: memoryStore() }))
  const inFile = await work(new JobQueue({ store: sqliteStore({ path: process.argv[2] ?? 'jobs.db' }) }))
  const proof = await runConformance({ ...conformance(), only: ['IDEM-1', 'BATCH-3'] })
  const refuted = proof.cases.filter(({ outcome }) => outcome === 'failed').map(({ name, reason }) => [name, reason])
  console.log(JSON.stringify([inMemory, inFile, proof.passed > 0, refuted, typeof admit, typeof byClaimOrder, typeof testClock().now(), isStintError(new Error('no')), ...(await unreachable())]))
}
main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
`
const PRINTS =
  '[42,42,true,[],"function","function","number",false,"STORE_UNAVAILABLE","STORE_UNAVAILABLE","STORE_UNAVAILABLE"]'

const DOORS = [
  '@stint/core',
  '@stint/core/store',
  '@stint/core/testing',
  '@stint/core/conformance',
  ...['sqlite', 'postgres', 'redis', 'mongo'].flatMap((name) => [
    `@stint/store-${name}`,
    `@stint/store-${name}/conformance`,
  ]),
  ...['drizzle', 'kysely', 'knex', 'prisma'].map((orm) => `@stint/store-postgres/${orm}`),
]
const DRIVERS = ['better-sqlite3', '@types/better-sqlite3', 'pg', '@types/pg', 'ioredis', 'mongodb', '@types/node']

export function install(folder: string, tarballs: readonly Tarball[]): void {
  mkdirSync(folder, { recursive: true })
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>
  }
  const others = DRIVERS.map((name) => `${name}@${devDependencies[name]}`)
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

/** A URL whose store, or whose driver, nobody installed: the error names the command. In a folder of its own, since `folder` has everything. */
export function missingIsNamed(folder: string): void {
  const alone = join(folder, '..', 'alone')
  const copy = (name: string): void =>
    cpSync(join(folder, 'node_modules', name), join(alone, 'node_modules', name), { recursive: true })
  const told = (): string =>
    run(alone, process.execPath, [
      '--input-type=module',
      '--eval',
      "const { openStore } = await import('@stint/core'); await openStore('redis://127.0.0.1:1').catch(({ code, message }) => console.log(code, message))",
    ]).trim()
  for (const name of ['@stint/core', 'ulid']) copy(name)
  const expect = (what: string): void => {
    const found = told()
    if (!found.startsWith('ADAPTER_MISSING') || !found.endsWith(`Run: npm install ${what}`))
      throw new CheckFailed(`expected ADAPTER_MISSING that says: npm install ${what}\n  found: ${found}`)
  }
  expect('@stint/store-redis ioredis')
  copy('@stint/store-redis')
  expect('ioredis')
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
