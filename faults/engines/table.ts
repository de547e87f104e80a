import type { Engine } from './engine.ts'
import { mongo } from './mongo.ts'
import { postgres } from './postgres.ts'
import { redis } from './redis.ts'
import { sqlite } from './sqlite.ts'

export const ENGINES: Readonly<Record<string, Engine>> = { sqlite, postgres, redis, mongo }
