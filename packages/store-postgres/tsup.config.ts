import { defineConfig } from 'tsup'
import { builtStore } from '../../tsup.shared.js'

export default defineConfig(
  builtStore({
    drizzle: 'src/orm/drizzle.ts',
    kysely: 'src/orm/kysely.ts',
    knex: 'src/orm/knex.ts',
    prisma: 'src/orm/prisma.ts',
  }),
)
