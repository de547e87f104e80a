import type { OwnServer } from '../scripts/servers/server.ts'
import { gap, instant } from './instant.ts'

const LOOK_MS = 50

/** Whoever looks after the server: one that has ended by itself is started again, as often as it takes. */
export class ServerWatch {
  readonly #server: OwnServer
  readonly #work: Promise<void>
  #isOver = false
  /** When it was last started again. */
  startedAt = 0
  /** How often. */
  starts = 0

  constructor(server: OwnServer) {
    this.#server = server
    this.#work = this.#look()
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#work
  }

  async #look(): Promise<void> {
    while (!this.#isOver) {
      if (!isAlive(this.#server.pid)) await this.#start()
      await gap(LOOK_MS)
    }
  }

  /** Not while its disk is still full. */
  async #start(): Promise<void> {
    try {
      await this.#server.start()
    } catch {
      return
    }
    this.startedAt = instant()
    this.starts++
  }
}

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0)
  } catch {
    return false
  }
}
