import type { StoreCase } from '../case.js'
import { killed } from './killed.js'
import { opening } from './opening.js'
import { working } from './working.js'

export const processes: readonly StoreCase[] = [...opening, ...working, ...killed]
