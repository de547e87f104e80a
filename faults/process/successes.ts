/** Tells when the next thing after an instant has gone well. */
export class Successes {
  #waiting: { readonly after: number; readonly resolve: (at: number) => void }[] = []

  add(at: number): void {
    if (this.#waiting.length === 0) return
    for (const one of this.#waiting) if (at > one.after) one.resolve(at)
    this.#waiting = this.#waiting.filter(({ after }) => at <= after)
  }

  next(after: number): Promise<number> {
    return new Promise((resolve) => void this.#waiting.push({ after, resolve }))
  }
}
