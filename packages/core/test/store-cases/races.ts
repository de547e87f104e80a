import type { StoreCase } from './case.js'
import { racesOfCalls } from './races-of-calls.js'
import { racesOfKeys } from './races-of-keys.js'
import { racesOfLeases } from './races-of-leases.js'

export const races: readonly StoreCase[] = [...racesOfLeases, ...racesOfKeys, ...racesOfCalls]
