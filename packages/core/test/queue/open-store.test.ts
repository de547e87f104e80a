import assert from 'node:assert/strict'
import { isStintError, JobQueue, memoryStore, openStore } from '@stint/core'
import { describe, test } from 'vitest'

describe('openStore', () => {
  test('memory: › a store like any other', async () => {
    await using jobs = new JobQueue({ store: openStore('memory:') })
    assert.equal((await jobs.stats()).queued, 0)
  })

  test('a scheme that nobody knows › ADAPTER_MISSING that names those there are, and tells nobody to install a sentence', async () => {
    await assert.rejects(
      openStore('file:jobs.db'),
      (error) =>
        isStintError(error, 'ADAPTER_MISSING') &&
        error.details.scheme === 'file' &&
        /"file:" URLs; known are memory, sqlite, .*option `adapters`/.test(error.message) &&
        !error.message.includes('npm install'),
    )
  })

  test('an adapter of one’s own › makes the store, also in the place of a known scheme', async () => {
    const seen: string[] = []
    const own = async () => ({
      storeFromUrl(url: string) {
        seen.push(url)
        return memoryStore()
      },
    })
    const stores = [
      await openStore('mine://host/a', { adapters: { mine: own } }),
      await openStore('SQLITE:x.db', { adapters: { sqlite: own } }),
    ]
    assert.deepEqual(
      [seen, stores.map((store) => store.name)],
      [
        ['mine://host/a', 'SQLITE:x.db'],
        ['memory', 'memory'],
      ],
    )
  })

  test('what is no URL › TypeError that shows one', async () => {
    await assert.rejects(
      openStore('jobs.db'),
      /^TypeError: openStore: expected a URL such as memory:, sqlite:jobs\.db .*got 'jobs\.db'/,
    )
    await assert.rejects(openStore(undefined as never), /^TypeError: .*got undefined/)
  })
})
