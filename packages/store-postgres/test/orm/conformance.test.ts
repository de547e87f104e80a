import { type ConformanceOptions, storeConformance } from '@stint/core/conformance'
import { conformance } from '@stint/store-postgres/conformance'
import { afterAll, beforeAll, describe, inject, it } from 'vitest'
import { begun, type Door } from './doors/door.js'
import { DOORS, House } from './every-door.js'

const url = inject('postgresUrl')

/** The suite's own cases about transactions, with those of an ORM in place of a client's. */
describe.skipIf(url === null).each(DOORS)('the conformance suite in transactions of %s', (name, open) => {
  const house = url === null ? null : new House()
  let door: Door | undefined
  beforeAll(async () => {
    await house?.build()
    door = await house?.open(open)
  })
  afterAll(() => house?.leave())

  const begin: NonNullable<ConformanceOptions['engine']>['begin'] = () => {
    if (door === undefined) throw new Error(`${name} is not open yet`)
    return begun(door)
  }
  const options = conformance(url ?? 'postgres://nowhere')
  storeConformance({ describe, it }, { ...options, name, only: ['TX'], engine: { ...options.engine, begin } })
})
