import { type ChildProcess, type ForkOptions, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach } from 'vitest'
import { PRELOAD } from '../../../../scripts/store-tests/on-sources.js'

const at = (path: string): URL => new URL(path, import.meta.url)
const running = new Set<Child>()

/** Another process, which runs a program of `children/` and talks by messages. */
export class Child {
  readonly process: ChildProcess
  readonly #told: unknown[] = []
  readonly #exit: Promise<unknown>
  #waiting: (() => void) | null = null

  constructor(program: string, args: readonly string[], options: ForkOptions = {}) {
    this.process = fork(fileURLToPath(at(`../children/${program}.ts`)), [...args], {
      execArgv: ['--no-warnings', '--import', PRELOAD],
      ...options,
    })
    running.add(this)
    this.process.on('message', (message) => {
      this.#told.push(message)
      this.#waiting?.()
    })
    this.#exit = once(this.process, 'exit').then(([code]) => {
      running.delete(this)
      this.#waiting?.()
      return code as unknown
    })
  }

  /** The next message; rejects when the process ends without one. */
  async hear<T>(): Promise<T> {
    while (this.#told.length === 0) {
      if (!running.has(this)) throw new Error(`the child ended (${this.process.exitCode}) and had nothing more to say`)
      await new Promise<void>((resolve) => (this.#waiting = resolve))
      this.#waiting = null
    }
    return this.#told.shift() as T
  }

  /** What was said so far and not heard yet. */
  heard<T>(): T[] {
    return this.#told.splice(0) as T[]
  }

  tell(message: string): void {
    this.process.send(message)
  }

  /** The exit code, when it ends by itself. */
  ended(): Promise<unknown> {
    return this.#exit
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.#exit
  }
}

afterEach(async () => {
  for (const child of running) await child.kill()
})
