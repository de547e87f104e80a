/** Throws at the n-th point that a write passes, once. */
export class Failpoints {
  #countdown = 0
  passed: string[] = []
  thrownAt: string | null = null

  readonly pass = (name: string): void => {
    this.passed.push(name)
    if (this.#countdown === 0 || --this.#countdown > 0) return
    this.thrownAt = name
    throw new Error(`the failpoint '${name}' threw`)
  }

  arm(nth: number): void {
    this.#countdown = nth
    this.thrownAt = null
    this.passed = []
  }

  disarm(): void {
    this.#countdown = 0
  }
}
