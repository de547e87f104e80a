import knexOf, { type Knex } from 'knex'
import { fromKnex } from '../../../src/orm/knex.js'
import type { Door, Inside, Place } from './door.js'

const camelCase = (name: string): string => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
const snakeCase = (name: string): string => name.replace(/(?<=.)[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Columns in camelCase, by the two hooks that its users do it with. */
function renamed(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(renamed)
  if (typeof answer !== 'object' || answer === null) return answer
  if ('rows' in answer) return { ...answer, rows: renamed(answer.rows) }
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [camelCase(name), value]))
}

export function knexDoor({ url, schema, max }: Place): Door {
  const knex = knexOf({
    client: 'pg',
    connection: url,
    pool: { min: 0, max },
    postProcessResponse: renamed,
    wrapIdentifier: (name, origin) => origin(snakeCase(name)),
  })
  const insideOf = (trx: Knex.Transaction): Inside => ({
    tx: fromKnex(trx),
    order: async (id) => void (await trx('Order').withSchema(schema).insert({ id, placedBy: 'ada' })),
    nested: (work) => trx.transaction((inner) => work(insideOf(inner))),
  })
  return {
    name: 'knex',
    transaction: (work, isolationLevel) =>
      knex.transaction((trx) => work(insideOf(trx)), isolationLevel && { isolationLevel }),
    mistake: () => fromKnex(knex as never),
    tellsStatus: true,
    close: () => knex.destroy(),
  }
}
