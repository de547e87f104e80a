import { redisStore } from '@stint/store-redis'
import { describe, inject } from 'vitest'
import { holdsToAbilityTable } from '../../../scripts/store-tests/ability-table.js'

const url = inject('redisUrl')

describe.skipIf(url === null)('on a server with its log on', () => {
  holdsToAbilityTable('Redis', async () => {
    const store = redisStore({ url: url ?? '', prefix: 'abilities' })
    try {
      await store.open()
      return store.capabilities
    } finally {
      await store.close()
    }
  })
})
