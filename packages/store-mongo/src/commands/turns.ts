/**
 * Calls of one handle about one job take turns, in the order in which they were made. Each reads before it writes, so at once they would only be
 * in each other's way: of fifty that change one job forty-nine would read it in vain, then forty-eight.
 */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  async run<T>(ids: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = ids.flatMap((id) => this.#last.get(id) ?? [])
    // All of them are taken in one turn of the event loop, so no two calls wait for each other.
    const call = before.length === 0 ? work() : Promise.allSettled(before).then(work)
    for (const id of ids) this.#last.set(id, call)
    try {
      return await call
    } finally {
      for (const id of ids) if (this.#last.get(id) === call) this.#last.delete(id)
    }
  }
}
