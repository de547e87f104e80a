import { seamOf } from './seam.js'

/** Something that is begun when it is wanted and ended some time after it is not: who waits for results one by one would begin it each time. */
export class Lingering {
  readonly #begin: () => { stop(): Promise<void> }
  readonly #lingerMs: number
  #current: { stop(): Promise<void> } | null = null
  #cancelEnd: (() => void) | null = null

  constructor(begin: () => { stop(): Promise<void> }, lingerMs: number) {
    this.#begin = begin
    this.#lingerMs = lingerMs
  }

  want(): void {
    this.#keep()
    this.#current ??= this.#begin()
  }

  unwant(): void {
    this.#keep()
    this.#cancelEnd = seamOf(null).background(this.#lingerMs, () => {
      void this.#current?.stop()
      this.#current = null
    })
  }

  /** At once. */
  async stop(): Promise<void> {
    this.#keep()
    await this.#current?.stop()
  }

  #keep(): void {
    this.#cancelEnd?.()
    this.#cancelEnd = null
  }
}
