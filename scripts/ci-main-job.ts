/**
 * The main job with a kill -9 in its middle, as a person would do it, on every store: `npm start` on a small folder, killed with all it started,
 * and started again. Then its own summary must say that every file was processed, and nothing completed twice.
 * `node scripts/ci-main-job.ts [sqlite] [postgres] [redis] [mongo]`; all of them where none is named.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './root.ts'
import { type FoundServer, findServer } from './servers/find.ts'
import { mongo } from './servers/mongo.ts'
import { postgres } from './servers/postgres.ts'
import { redis } from './servers/redis.ts'

const FILES = 300
const KILL_AT_PERCENT = 30
const DEADLINE_MS = 120_000

interface Summary {
  readonly files: number
  readonly jobs: {
    readonly total: number
    readonly succeeded: number
    readonly failed: number
    readonly dead: number
    readonly open: number
  }
  readonly thisRun: { readonly jobs: number }
  readonly leasesExpired: number
  readonly completedTwice: number
  readonly unexpected: number
  readonly doneAlready: boolean
}

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly wasKilled: boolean
}

const scratch = mkdtempSync(join(tmpdir(), 'stint-main-job-'))
const folder = join(scratch, 'files')
const SERVERS = { postgres, redis, mongo } as const
const STORES = ['sqlite', ...Object.keys(SERVERS)]
let passed = 0
let failed = 0

function check(fact: string, isTrue: boolean, found: unknown): void {
  if (isTrue) passed += 1
  else failed += 1
  console.log(isTrue ? `ok     ${fact}` : `FAILED ${fact}; found: ${JSON.stringify(found)}`)
}

function makeFiles(): void {
  for (let i = 0; i < FILES; i++) {
    const sub = join(folder, `part-${i % 7}`)
    mkdirSync(sub, { recursive: true })
    writeFileSync(join(sub, `file-${i}.txt`), `line of file ${i}\n`.repeat((i % 50) + 1))
  }
}

/** `killAt`: kills the program, and npm above it, when it says that so much is done. */
function start(store: string, args: readonly string[], killAt?: number): Promise<Ended> {
  const child = spawn(
    'npm',
    ['start', '--silent', '--', folder, '--store', store, '--lease', '1s', '--plain', '--json', ...args],
    {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  return new Promise((resolve, reject) => {
    let output = ''
    let wasKilled = false
    const late = setTimeout(() => {
      output += `\n(killed: not over after ${DEADLINE_MS} ms)`
      killAll(child)
    }, DEADLINE_MS)
    const read = (text: string): void => {
      output += text
      const percent = Number(/(\d+) %[^%]*$/.exec(output)?.[1] ?? -1)
      if (killAt === undefined || wasKilled || percent < killAt) return
      wasKilled = true
      killAll(child)
    }
    child.stdout.setEncoding('utf8').on('data', read)
    child.stderr.setEncoding('utf8').on('data', read)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(late)
      resolve({ code, output, wasKilled })
    })
  })
}

/** The whole process group: npm does not pass a kill -9 on. */
function killAll({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL')
}

function summaryOf({ output, code }: Ended): Summary {
  const json = output
    .trimEnd()
    .split('\n')
    .findLast((line) => line.startsWith('{'))
  if (json === undefined) throw new Error(`the main job ended with ${code} and without a summary:\n${output}`)
  return JSON.parse(json) as Summary
}

async function killedInItsMiddle(store: string): Promise<void> {
  const first = await start(store, ['--slow', '50ms'], KILL_AT_PERCENT)
  check(
    'the first run was killed in its middle, before its summary',
    first.wasKilled && first.code !== 0 && !/^\{/m.test(first.output),
    first,
  )

  const second = await start(store, [])
  const summary = summaryOf(second)
  const { jobs } = summary
  check('the second run ends well', second.code === 0, second)
  check(`all ${FILES} files were processed`, summary.files === FILES, summary.files)
  check('no job is left open', jobs.open === 0 && jobs.total === jobs.succeeded + jobs.failed + jobs.dead, jobs)
  check('no job was completed twice', summary.completedTwice === 0, summary.completedTwice)
  check('no job failed that should not have', summary.unexpected === 0, summary.unexpected)
  check('leases of the killed process had expired', summary.leasesExpired > 0, summary.leasesExpired)
  check(
    'the second run did only what was left',
    summary.thisRun.jobs < jobs.total && summary.thisRun.jobs > 0,
    summary.thisRun,
  )

  const third = await start(store, [])
  const { thisRun, doneAlready } = summaryOf(third)
  check('a third run finds nothing to do', third.code === 0 && doneAlready && thisRun.jobs === 0, {
    code: third.code,
    thisRun,
    doneAlready,
  })
}

const isServed = (name: string): name is keyof typeof SERVERS => Object.hasOwn(SERVERS, name)

async function on(name: string): Promise<void> {
  console.log(`-- ${name}`)
  let server: FoundServer | null = null
  try {
    if (isServed(name)) {
      server = await findServer(name, SERVERS[name])
      if (server === null) return
    }
    await killedInItsMiddle(server?.url ?? `sqlite:${join(scratch, 'jobs.db')}`)
  } catch (error) {
    check(`the main job can be judged on ${name}`, false, error instanceof Error ? error.message : error)
  } finally {
    await server?.stop()
  }
}

const named = process.argv.slice(2)
const unknown = named.filter((name) => !STORES.includes(name))
if (unknown.length > 0) {
  console.error(`expected some of ${STORES.join(', ')}, got ${unknown.join(', ')}`)
  process.exit(2)
}
try {
  makeFiles()
  for (const name of named.length > 0 ? named : STORES) await on(name)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
if (process.env.MAIN_JOB_REPORT) writeFileSync(process.env.MAIN_JOB_REPORT, JSON.stringify({ passed, failed }))
console.log(`main job: ${passed} checks passed, ${failed} failed`)
if (failed > 0) process.exitCode = 1
