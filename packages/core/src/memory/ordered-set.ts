/** Items in order, without duplicates: sorted chunks in a sorted row. Finding costs O(log n) comparisons, a change moves half a chunk. */
import { partitionPoint } from './partition-point.js'

/** Large enough that the row of chunks stays short (2,000–4,000 at a million), small enough that moving a chunk costs less than finding it. */
const MAX_CHUNK = 512

export class OrderedSet<T> {
  readonly #compare: (a: T, b: T) => number
  /** None is empty. Chunks that became small are not merged: they cost a slot in the row, and go when they are empty. */
  readonly #chunks: T[][] = []
  #size = 0

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#size
  }

  /** False, and no change, when an equal item is there. */
  add(item: T): boolean {
    const isBefore = (other: T): boolean => this.#compare(other, item) < 0
    const at = Math.max(0, Math.min(this.#chunkAt(isBefore), this.#chunks.length - 1))
    const chunk = this.#chunks[at]
    if (chunk) {
      const index = partitionPoint(chunk, isBefore)
      if (index < chunk.length && this.#compare(chunk[index] as T, item) === 0) return false
      chunk.splice(index, 0, item)
      if (chunk.length > MAX_CHUNK) this.#chunks.splice(at + 1, 0, chunk.splice(MAX_CHUNK / 2))
    } else this.#chunks.push([item])
    this.#size += 1
    return true
  }

  /** False, and no change, when no equal item is there. */
  delete(item: T): boolean {
    const isBefore = (other: T): boolean => this.#compare(other, item) < 0
    const at = this.#chunkAt(isBefore)
    const chunk = this.#chunks[at]
    if (!chunk) return false
    const index = partitionPoint(chunk, isBefore)
    if (this.#compare(chunk[index] as T, item) !== 0) return false
    chunk.splice(index, 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
    this.#size -= 1
    return true
  }

  /** The first item that is not before the point; `isBefore` holds for the items up to some point and for none behind it. */
  first(isBefore: (item: T) => boolean): T | undefined {
    const chunk = this.#chunks[this.#chunkAt(isBefore)]
    return chunk?.[partitionPoint(chunk, isBefore)]
  }

  /** Upwards from the point. The set must not change meanwhile. */
  *up(isBefore: (item: T) => boolean): Generator<T, void, undefined> {
    let at = this.#chunkAt(isBefore)
    let index = partitionPoint(this.#chunks[at] ?? [], isBefore)
    for (let chunk = this.#chunks[at]; chunk; chunk = this.#chunks[++at], index = 0) {
      for (; index < chunk.length; index++) yield chunk[index] as T
    }
  }

  /** Downwards from the point: the items before it, the last of them first. The set must not change meanwhile. */
  *down(isBefore: (item: T) => boolean): Generator<T, void, undefined> {
    let at = this.#chunkAt(isBefore)
    let end = partitionPoint(this.#chunks[at] ?? [], isBefore)
    for (; at >= 0; at--) {
      const chunk = this.#chunks[at] ?? []
      for (let index = Math.min(end, chunk.length) - 1; index >= 0; index--) yield chunk[index] as T
      end = MAX_CHUNK
    }
  }

  /** The first chunk with an item that is not before the point. */
  #chunkAt(isBefore: (item: T) => boolean): number {
    return partitionPoint(this.#chunks, (chunk) => isBefore(chunk[chunk.length - 1] as T))
  }
}
