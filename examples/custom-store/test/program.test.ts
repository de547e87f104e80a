import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { JobQueue } from '@stint/core'
import { afterAll, describe, expect, it } from 'vitest'
import { LmdbStore } from '../src/lmdb-store.js'

const folder = mkdtempSync(join(tmpdir(), 'stint-lmdb-program-'))
afterAll(() => rmSync(folder, { recursive: true }))
const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const run = (...args: string[]) => promisify(execFile)(process.execPath, [program, ...args])

describe('npm start', () => {
  it('has one process enqueue and another one work', async () => {
    const { stdout, stderr } = await run()
    expect(stderr).toBe('')
    const [, one, other] = /^process (\d+) enqueues, process (\d+) works$/m.exec(stdout) ?? []
    expect(one).not.toBe(other)
    expect(stdout.split('\n').slice(1)).toEqual([
      `"one job": 2 words, counted by process ${other}`,
      `"two processes share it": 4 words, counted by process ${other}`,
      `"and one file is all there is between them": 9 words, counted by process ${other}`,
      '',
    ])
  })

  it('leaves a file of the user’s, with the jobs and who worked on them', async () => {
    const path = join(folder, 'mine', 'jobs.mdb')
    const { stdout } = await run(path)
    const [, , worker] = /process (\d+) enqueues, process (\d+) works/.exec(stdout) ?? []
    expect(existsSync(path)).toBe(true)
    await using jobs = new JobQueue({ store: new LmdbStore({ path }) })
    const { jobs: list } = await jobs.list({ state: 'succeeded' })
    const results = [9, 4, 2].map((words) => ({ words, pid: Number(worker) }))
    expect(list.map(({ result }) => result)).toHaveLength(3)
    expect(list.map(({ result }) => result)).toEqual(expect.arrayContaining(results))
  })
})
