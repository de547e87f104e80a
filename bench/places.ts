import type { Place } from './place.ts'
import { memoryPlace } from './places/memory.ts'
import { mongoPlace } from './places/mongo.ts'
import { postgresPlace } from './places/postgres.ts'
import { redisPlace } from './places/redis.ts'
import { sqlitePlace } from './places/sqlite.ts'

/** By the name on the command line. null: its server cannot be had here, which was said. */
export const PLACES: Readonly<Record<string, () => Promise<Place | null>>> = {
  postgres: postgresPlace,
  redis: redisPlace,
  mongo: mongoPlace,
  sqlite: sqlitePlace,
  memory: memoryPlace,
}
