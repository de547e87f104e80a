import { OtherProcess } from './process/other.ts'

/** Processes are used again from scenario to scenario where nothing was done to them: starting one costs more than most scenarios. */
export class Crew {
  readonly #free: OtherProcess[] = []
  readonly #all = new Set<OtherProcess>()
  #made = 0

  async take(clockOffMs: number): Promise<OtherProcess> {
    const at = this.#free.findIndex((one) => one.clockOffMs === clockOffMs && one.isThere)
    const [free] = at < 0 ? [] : this.#free.splice(at, 1)
    if (free) return free
    const started = await OtherProcess.start(`process ${++this.#made}`, clockOffMs)
    this.#all.add(started)
    return started
  }

  /** For the next scenario. One that has ended, or is in an unknown state, is not. */
  giveBack(process: OtherProcess): void {
    process.printed = []
    if (process.isThere) this.#free.push(process)
  }

  async end(): Promise<void> {
    await Promise.all([...this.#all].map((process) => (process.isThere ? process.kill() : null)))
  }
}
