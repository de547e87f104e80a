/**
 * Calls about one job, made through one queue, are committed in the order they were made, awaited or not. The coalescer keeps that order for
 * what reaches it; a line keeps it for calls that must look first (a schema that is asynchronous, a version to read). Jobs nobody stands in
 * line for cost nothing.
 */
export class JobLines {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** Runs `work` when the calls before it on that job are over, at once when there are none. */
  run<T>(jobId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(jobId)
    const mine = before ? before.then(work) : work()
    const over: Promise<unknown> = mine.then(nothing, nothing).then(() => {
      if (this.#tails.get(jobId) === over) this.#tails.delete(jobId)
    })
    this.#tails.set(jobId, over)
    return mine
  }

  /** Resolves when nobody stands in any line. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values())
  }

  /** For a call about several jobs. */
  runAll<T>(jobIds: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = jobIds.map((id) => this.#tails.get(id)).filter((tail) => tail !== undefined)
    const mine = before.length > 0 ? Promise.all(before).then(work) : work()
    const over = mine.then(nothing, nothing)
    for (const id of jobIds) void this.run(id, () => over)
    return mine
  }
}

const nothing = (): void => {}
