import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { test } from 'vitest'

const SOURCES = fileURLToPath(new URL('../../../../scripts/with-sources.mjs', import.meta.url))
const SCRIPT = `
  import { defineJob, JobQueue, memoryStore } from '@stint/core'
  const jobs = new JobQueue({ store: memoryStore() })
  await jobs.enqueue(defineJob({ type: 'job' }), 1)
  console.log((await jobs.claim({ workerId: 'w' })).length)
`

test('a script that claims and forgets to close › ends by itself: upkeep keeps no process', async () => {
  const child = spawn(process.execPath, ['--import', SOURCES, '--input-type=module', '-e', SCRIPT], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  const [code] = await once(child, 'exit')
  assert.deepEqual([code, said.trim()], [0, '1'])
}, 20_000)
