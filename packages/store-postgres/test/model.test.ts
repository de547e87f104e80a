import { describe, inject, test } from 'vitest'
import { isLikeMemory, isRestoredAlike, type Make } from '../../../scripts/store-tests/against-memory.js'
import { postgresStore } from '../src/index.js'
import { destroy, newSchema, url } from './support/place.js'

const make =
  (prepared: boolean): Make =>
  (clock) => {
    const schema = newSchema('model')
    const store = postgresStore({ url: url(), schema, max: 1, clock, listen: false, prepared })
    return { store, leave: () => destroy(schema) }
  }
/** A batch that claims and makes work says that there may be more (CLAIM-6), where the memory store knows. */
const drawing = { meetsOwnBatch: false, most: 40 }

describe.skipIf(inject('postgresUrl') === null)('the statements of Postgres beside the memory store', () => {
  test('whatever is done to both › they answer alike and show the same [BATCH-1, GUARD-1, CLAIM-4, COUNT-1]', async () => {
    await isLikeMemory(make(true), { ...drawing, runs: 50 })
  }, 240_000)

  test('whatever is done to both, through nothing prepared › the same', async () => {
    await isLikeMemory(make(false), { ...drawing, runs: 8 })
  }, 120_000)

  test('a restored copy › shows what the original shows, but for the places in the feed [RESTORE-1]', async () => {
    await isRestoredAlike(make(true), { ...drawing, most: 30, runs: 12 })
  }, 120_000)
})
