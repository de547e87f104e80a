import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { JobQueue, openStore } from '@stint/core'
import { describe, expect, it } from 'vitest'
import { checksum, type FileRef, inspect, laneOf } from '../src/definitions.js'
import { every } from '../src/holders.js'
import {
  type Ended,
  folderOf,
  manyFiles,
  ownStoreOf,
  program,
  RunningProgram,
  run,
  sqliteUrl,
  summaryOf,
  temporaryFolder,
} from './program.js'

const expectNoStack = ({ stdout, stderr }: Ended): void => expect(stdout + stderr).not.toMatch(/^ +at /m)

/** A run that has enqueued all and done little, and the files that no job has looked at yet. */
async function stoppedEarly(folder: string, store: string): Promise<readonly string[]> {
  const early = new RunningProgram([folder, '--store', store, '--slow', '100ms', '--concurrency', '1'])
  await early.said(/^ +\d+ % /m)
  early.signal('SIGTERM')
  await early.ended
  await using jobs = new JobQueue({ store: openStore(store) })
  const untouched = new Map<string, number>()
  for await (const job of every(jobs, {
    queue: laneOf(folder),
    state: 'queued',
    type: [checksum.type, inspect.type],
  })) {
    const { path } = job.payload as FileRef
    untouched.set(path, (untouched.get(path) ?? 0) + 1)
  }
  return [...untouched].filter(([, jobsLeft]) => jobsLeft === 2).map(([path]) => path)
}

/** For root every file is readable, so root runs the program as somebody else; a text says why that cannot be. */
function ordinaryUser(): { uid?: number; gid?: number } | string {
  if (process.platform === 'win32') return 'Windows has no modes'
  if (process.getuid?.() !== 0) return {}
  const user = { uid: 65534, gid: 65534 }
  const look = `require('node:fs').accessSync(${JSON.stringify(program)})`
  const canRead = spawnSync(process.execPath, ['-e', look], user).status === 0
  return canRead ? user : 'nobody but root can read this repository'
}

describe('files that changed between the walk and the work', () => {
  it('one that has vanished is named, and the exit code stays 0', async () => {
    const folder = folderOf(manyFiles(10))
    const store = sqliteUrl()
    const [vanished] = await stoppedEarly(folder, store)
    rmSync(join(folder, vanished as string))
    const ended = await run(folder, '--store', store, '--json')
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toContain(`Files that went away meanwhile (1)\n  ${vanished}\n`)
    expect(summaryOf(ended)).toMatchObject({
      files: 10,
      gone: 1,
      unreadable: 0,
      unexpected: 0,
      jobs: { total: 30, open: 0 },
    })
  })

  it.skipIf(process.platform === 'win32')(
    'those that are no files any more are named with the reason, block nobody, and the exit code is 1',
    async () => {
      const folder = folderOf(manyFiles(10))
      const store = sqliteUrl()
      const [toFolder, toPipe, toLoop] = (await stoppedEarly(folder, store)) as [string, string, string]
      for (const path of [toFolder, toPipe, toLoop]) rmSync(join(folder, path))
      mkdirSync(join(folder, toFolder))
      execFileSync('mkfifo', [join(folder, toPipe)])
      symlinkSync(join(folder, toLoop), join(folder, toLoop))
      const ended = await run(folder, '--store', store, '--json')
      expect(ended).toMatchObject({ code: 1, stderr: '' })
      expect(ended.stdout).toContain('Files that could not be read (3)')
      expect(ended.stdout).toContain(`  ${toFolder}: the file cannot be read: it is no regular file any more\n`)
      expect(ended.stdout).toContain(`  ${toPipe}: the file cannot be read: it is no regular file any more\n`)
      expect(ended.stdout).toContain(`  ${toLoop}: the file cannot be read: a link that leads in a circle\n`)
      expect(ended.stdout).toContain(`skipped ${toPipe}: a pipe\n`)
      expect(ended.stdout).toContain(`skipped ${toLoop}: a link that leads nowhere\n`)
      expect(summaryOf(ended)).toMatchObject({ gone: 0, unreadable: 3, unexpected: 0, jobs: { total: 30, open: 0 } })
      expectNoStack(ended)
    },
  )

  it('a folder that has been renamed away takes its files with it', async () => {
    const folder = folderOf(manyFiles(10))
    const store = sqliteUrl()
    const [path] = (await stoppedEarly(folder, store)) as [string]
    const [part] = path.split('/') as [string]
    renameSync(join(folder, part), join(folder, `${part}-renamed`))
    const summary = summaryOf(await run(folder, '--store', store, '--json'))
    expect(summary).toMatchObject({ unreadable: 0, unexpected: 0, jobs: { open: 0 }, files: 12 })
    expect(summary.gone).toBeGreaterThan(0)
  })
})

describe('what the walk meets', () => {
  it('links and their like are skipped with a line each, the rest is done', async () => {
    const folder = folderOf({ 'a.txt': 'a' })
    symlinkSync('nowhere', join(folder, 'dangling'))
    symlinkSync('.', join(folder, 'circle'))
    const ended = await run(folder, '--store', 'memory:', '--json')
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toContain(
      'skipped circle: a link; links are not followed\nskipped dangling: a link that leads nowhere\n',
    )
    expect(summaryOf(ended)).toMatchObject({ files: 1, skipped: 2 })
  })

  it.for([
    [
      'file',
      'secret.txt',
      'Files that could not be read (1)\n  secret.txt: the file cannot be read: permission denied\n',
    ],
    ['folder', 'closed', 'skipped closed: a folder that cannot be read: permission denied\n'],
  ] as const)(
    'a %s without permission is named, the rest is done, and the exit code is 1',
    async ([, path, line], { skip }) => {
      const user = ordinaryUser()
      if (typeof user === 'string') return skip(user)
      const folder = folderOf({ 'a.txt': 'a', 'secret.txt': 'b', 'closed/c.txt': 'c' })
      chmodSync(folder, 0o755)
      chmodSync(join(folder, path), 0)
      const ended = await new RunningProgram([folder, '--store', 'memory:', '--json'], user).ended
      chmodSync(join(folder, path), 0o755)
      expect(ended).toMatchObject({ code: 1, stderr: '' })
      expect(ended.stdout).toContain(line)
      const { files, unreadable, skipped } = summaryOf(ended)
      expect({ files, unreadable, skipped }).toEqual(
        path === 'closed' ? { files: 2, unreadable: 0, skipped: 1 } : { files: 3, unreadable: 1, skipped: 0 },
      )
      expectNoStack(ended)
    },
  )

  it('an empty folder is nothing to do and no failure', async () => {
    const ended = await run(temporaryFolder(), '--store', 'memory:', '--json')
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toContain('There are no files to work on.\n')
    expect(summaryOf(ended)).toMatchObject({ files: 0, jobs: { total: 0 } })
  })
})

describe('what cannot start ends with 2 and one clear line', () => {
  const missing = '/nowhere-at-all/nowhere'
  it.each([
    ['a folder that is not there', () => [missing], `There is no folder ${missing}.`],
    [
      'a file',
      () => [join(folderOf({ 'a.txt': 'a' }), 'a.txt')],
      /^\/.*a\.txt is a file\. Give the folder that it is in\.$/,
    ],
    [
      'a store of a scheme that nobody knows',
      () => [temporaryFolder(), '--store', 'mysql://localhost/x'],
      /^The store mysql:\/\/localhost\/x does not open\. ADAPTER_MISSING: Nothing here knows "mysql:" URLs/,
    ],
    [
      'a server that is not there; its password is nobody’s business',
      () => [temporaryFolder(), '--store', 'postgres://ada:secret@127.0.0.1:1/x'],
      /^The store postgres:\/\/ada:…@127\.0\.0\.1:1\/x does not open\. STORE_UNAVAILABLE: ((?!secret).)*$/,
    ],
    [
      'a store that is no URL',
      () => [temporaryFolder(), '--store', 'jobs'],
      /^The store jobs does not open\. .*memory:, sqlite:jobs\.db/,
    ],
    [
      'a store in no folder',
      () => [temporaryFolder(), '--store', `sqlite:${join(missing, 'x.db')}`],
      /^The store sqlite:.* does not open\. STORE_\w+: /,
    ],
    [
      'a store that is no database',
      () => [temporaryFolder(), '--store', `sqlite:${join(folderOf({ 'x.db': 'no database, '.repeat(100) }), 'x.db')}`],
      /^The store sqlite:.* does not open\. STORE_\w+: /,
    ],
    [
      "--fresh with a store of one's own",
      () => [temporaryFolder(), '--fresh', '--store', 'sqlite:x.db'],
      /^--fresh removes only a file that this program has chosen itself\. Remove sqlite:x\.db yourself/,
    ],
    ['two folders', () => ['a', 'b'], 'One folder at a time, got 2: a, b.'],
    ['a wrong number', () => ['--concurrency', '0'], '--concurrency: expected a whole number from 1 to 1000, got 0.'],
    ['a wrong time', () => ['--slow', 'long'], '--slow: expected a time such as 250ms, 5s or 1.5m, got long.'],
    ['a lease too short', () => ['--lease', '10ms'], /^--lease: at least 500ms/],
  ] as const)('%s', async (_, args, message) => {
    const ended = await run(...args())
    expect(ended.code).toBe(2)
    expect(ended.stdout).toBe('')
    const lines = ended.stderr.trimEnd().split('\n')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toEqual(typeof message === 'string' ? message : expect.stringMatching(message))
  })

  it('an option that does not exist, with the way to those that do', async () => {
    const ended = await run('--speed', '9')
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toMatch(/--speed.*\n--help shows what there is\.\n$/s)
    expectNoStack(ended)
  })

  it('--fresh while another run works on the folder, which goes on', async () => {
    const folder = folderOf(manyFiles(5))
    const store = ownStoreOf(folder)
    const busy = new RunningProgram([folder, '--slow', '1m'])
    await busy.said(/^enqueued/m)
    await using jobs = new JobQueue({ store: openStore(`sqlite:${store}`) })
    for await (const event of jobs.feed()) if (event.type === 'leased') break
    const ended = await run(folder, '--fresh')
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toBe(`Process ${busy.child.pid} works on this folder at this moment. Stop it first.\n`)
    expect(await jobs.stats()).toMatchObject({ queued: 7, running: 8 })
  })
})
