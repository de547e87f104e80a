import type { Value } from './session.js'

type Cell = string | number | boolean | null
export type Column<T> = readonly [name: string, type: string, cell: (item: T) => Cell]

/** Items of a batch as one statement takes them: an array for each column, so the text is the same for one and for five hundred. */
export class Columns<T> {
  /** `unnest($4::text[], …) as u(id, …)` */
  readonly text: string
  /** How many parameters they are. */
  readonly size: number
  readonly #columns: readonly Column<T>[]

  constructor(firstParameter: number, columns: readonly Column<T>[]) {
    this.#columns = columns
    this.size = columns.length
    const arrays = columns.map(([, type], i) => `$${firstParameter + i}::${type}[]`).join(', ')
    this.text = `unnest(${arrays}) as u(${columns.map(([name]) => name).join(', ')})`
  }

  values(items: readonly T[]): Value[] {
    return this.#columns.map(([, , cell]) => items.map(cell))
  }
}
