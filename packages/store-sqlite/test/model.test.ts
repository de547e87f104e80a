import { describe, test } from 'vitest'
import { isLikeMemory, isRestoredAlike, type Make } from '../../../scripts/store-tests/against-memory.js'
import { type SqliteStoreOptions, sqliteStore } from '../src/index.js'
import { destroy, newFile } from './support/place.js'

const inMemory: Make = (clock) => ({ store: sqliteStore({ path: ':memory:', clock }) })
const inFile =
  (options: Partial<SqliteStoreOptions>): Make =>
  (clock) => {
    const path = newFile('model')
    return { store: sqliteStore({ path, clock, ...options }), leave: () => destroy(path) }
  }

describe('the statements of SQLite beside the memory store', () => {
  test('whatever is done to both › they answer alike and show the same [BATCH-1, GUARD-1, CLAIM-4, COUNT-1]', async () => {
    await isLikeMemory(inMemory, { meetsOwnBatch: true, most: 50, runs: 400 })
  }, 60_000)

  test('whatever is done to both, in a file and with tables of another name › the same', async () => {
    const make = inFile({ tablePrefix: 'own_', synchronous: 'NORMAL' })
    await isLikeMemory(make, { meetsOwnBatch: true, most: 30, runs: 25 })
  }, 60_000)

  test('a restored copy › shows what the original shows, but for the places in the feed [RESTORE-1]', async () => {
    await isRestoredAlike(inMemory, { meetsOwnBatch: true, most: 30, runs: 60 })
  }, 60_000)
})
