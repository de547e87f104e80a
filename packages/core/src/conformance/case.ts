import type { Need } from './needs.js'
import type { Stage } from './stage/stage.js'

/** One fact about a store. A plain value, so that cases run with or without a test runner. */
export interface StoreCase {
  /** `subject › circumstance › what holds [CLAUSE-1, CLAUSE-2]` */
  readonly name: string
  readonly clauses: readonly string[]
  readonly needs: readonly Need[]
  readonly run: (stage: Stage) => Promise<void>
  /** Plays many histories, so it has ten times as long. */
  readonly isLong?: true
}

export interface Chapter {
  readonly title: string
  readonly cases: readonly StoreCase[]
}

export function fact(name: string, run: (stage: Stage) => Promise<void>, ...needs: readonly Need[]): StoreCase {
  const clauses = /\[([^\]]+)\]$/.exec(name)?.[1]?.split(', ') ?? []
  return { name, clauses, needs, run }
}

/** The case ran and could not bring about what it is about: reported as such, neither passed nor failed. */
export class NotExercised extends Error {}
