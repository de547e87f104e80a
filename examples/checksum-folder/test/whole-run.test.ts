import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { JobQueue, openStore } from '@stint/core'
import { describe, expect, it } from 'vitest'
import { checksum, jobsOf, laneOf } from '../src/definitions.js'
import { isBusy } from '../src/handlers.js'
import { folderOf, manyFiles, ownStoreOf, run, sqliteUrl, summaryOf } from './program.js'

/** A name for which the make-believe classifier is busy every time. */
const unlucky = Array.from({ length: 1000 }, (_, i) => `unlucky-${i}.txt`).find((name) => isBusy(name, 2)) as string
/** Four attempts where it is busy every time, two where only at first. */
const retriesOf = (paths: readonly string[]): number =>
  paths.reduce((sum, path) => sum + (isBusy(path, 2) ? 3 : isBusy(path, 1) ? 1 : 0), 0)

describe('a whole run', () => {
  it('counts what is there, leaves the sums in the store and exits with 0', async () => {
    const files = manyFiles(40)
    const folder = folderOf(files)
    const store = sqliteUrl()
    const ended = await run(folder, '--store', store, '--json')
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const text = Object.values(files).join('')
    const summary = summaryOf(ended)
    expect(summary).toMatchObject({ folder, store, files: 40, bytes: text.length, lines: text.split('\n').length - 1 })
    expect(summary).toMatchObject({ completedTwice: 0, gone: 0, unreadable: 0, unexpected: 0, stopped: false })
    expect(summary.jobs).toMatchObject({ total: 120, failed: 0, cancelled: 0, open: 0 })
    expect(summary.jobs.succeeded + summary.jobs.dead).toBe(120)
    expect(summary.thisRun).toMatchObject({ jobs: 120, new: 120, bytes: text.length })
    expect(summary.retries).toBe(retriesOf(Object.keys(files)))
    expect(ended.stdout).toMatch(/^100 % {2}120 of 120 jobs$/m)

    await using jobs = new JobQueue({ store: openStore(store) })
    for (const [path, content] of Object.entries(files)) {
      const [first] = jobsOf({ folder, path }, laneOf(folder))
      const job = await jobs.get(first?.id as string, checksum)
      expect(job?.result?.sha256).toBe(createHash('sha256').update(content).digest('hex'))
    }
  })

  it('shows the failures that it makes on purpose with their errors, and still exits with 0', async () => {
    const files = { 'package-lock.json': '{}', 'a.bin': Buffer.from([1, 0, 2]), [unlucky]: 'x\n', empty: '' }
    const folder = folderOf(files)
    const ended = await run(folder, '--store', 'memory:', '--json')
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toContain('Failed for good, as this demo means some to (2)')
    expect(ended.stdout).toContain('Dead, as this demo means some to be: all attempts used up (1)')
    expect(ended.stdout).toMatch(
      /failed {2}file\.inspect {2}package-lock\.json: a generated file.*\(GENERATED, attempt 1\)/,
    )
    expect(ended.stdout).toMatch(/failed {2}file\.inspect {2}a\.bin: not a text file \(NOT_TEXT, attempt 1\)/)
    expect(ended.stdout).toMatch(
      /dead {2}file\.classify {2}unlucky-\d+\.txt: the classifier is busy \(CLASSIFIER_BUSY, attempt 4\)/,
    )
    expect(summaryOf(ended)).toMatchObject({
      files: 4,
      retries: retriesOf(Object.keys(files)),
      jobs: { total: 12, failed: 2, dead: 1 },
    })
  })

  it("ends with one job's audit trail, numbered from 1 and told in its states", async () => {
    const ended = await run(folderOf({ [unlucky]: 'x\n' }), '--store', 'memory:')
    const trail = ended.stdout.slice(ended.stdout.indexOf('Audit trail of'))
    expect(trail).toMatch(
      /^Audit trail of file\.classify unlucky-\d+\.txt\n +# +after +event +state +attempt +by +why\n/,
    )
    expect(trail).toMatch(/ 1 +\+0\.000 s +enqueued +– → queued/)
    expect(trail).toMatch(/ 3 +\+\d\.\d{3} s +failed +running → queued +1 +checksum-folder-\d+ +the classifier is busy/)
    expect(trail).toMatch(/ 9 +\+\d\.\d{3} s +failed +running → dead +4 /)
  })

  it('says in its second run that all was done already, counts the same, and begins anew only with --fresh', async () => {
    const folder = folderOf(manyFiles(10))
    ownStoreOf(folder)
    const first = summaryOf(await run(folder, '--json'))
    const second = await run(folder, '--json')
    expect(second).toMatchObject({ code: 0, stderr: '' })
    expect(second.stdout).toContain('Everything was done already; --fresh does it all again.')
    expect(second.stdout).not.toMatch(/^ *\d+ % /m)
    expect(summaryOf(second)).toEqual({
      ...first,
      doneAlready: true,
      thisRun: { jobs: 0, new: 0, bytes: 0, seconds: expect.any(Number), retries: 0, leasesExpired: 0 },
    })
    expect(summaryOf(await run(folder, '--json', '--fresh'))).toMatchObject({
      doneAlready: false,
      thisRun: { jobs: 30, new: 30 },
    })
  })

  it('on memory: needs no file and remembers nothing', async () => {
    const folder = folderOf(manyFiles(5))
    for (const _ of [1, 2]) {
      const ended = await run(folder, '--store', 'memory:', '--json')
      expect(ended).toMatchObject({ code: 0, stderr: '' })
      expect(summaryOf(ended)).toMatchObject({ doneAlready: false, thisRun: { jobs: 15, new: 15 } })
    }
  })

  it('leaves out what nobody wrote, and the file of its own store', async () => {
    const folder = folderOf({
      'a.txt': 'a',
      'node_modules/b/c.js': 'b',
      '.git/HEAD': 'c',
      'dist/d.js': 'd',
      'src/dist.ts': 'e',
    })
    const store = `sqlite:${join(folder, 'jobs.db')}`
    expect(summaryOf(await run(folder, '--store', store, '--json'))).toMatchObject({ files: 2 })
    expect(summaryOf(await run(folder, '--store', store, '--json'))).toMatchObject({ files: 2, doneAlready: true })
  })
})
