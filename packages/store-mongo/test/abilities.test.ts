import { mongoStore } from '@stint/store-mongo'
import { describe, inject } from 'vitest'
import { holdsToAbilityTable } from '../../../scripts/store-tests/ability-table.js'

for (const [column, name] of [
  ['MongoDB, one server', 'mongoUrl'],
  ['MongoDB, replica set', 'mongoSetUrl'],
] as const) {
  const url = inject(name)
  describe.skipIf(url === null)(column, () => {
    holdsToAbilityTable(column, async () => {
      const store = mongoStore({ url: url ?? '', prefix: 'abilities' })
      try {
        await store.open()
        return store.capabilities
      } finally {
        await store.close()
      }
    })
  })
}
