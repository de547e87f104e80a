/** A process that the runner has started: ordered, killed, stopped and let go on. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder } from '../../scripts/servers/cache.ts'
import { instant } from '../instant.ts'
import type { Answer, Order } from './orders.ts'

const PROGRAM = fileURLToPath(new URL('./program.ts', import.meta.url))
const ON_SOURCES = new URL('../../scripts/with-sources.mjs', import.meta.url).href
const SHIFTED_CLOCK = new URL('./shifted-clock.mjs', import.meta.url).href

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export class OtherProcess {
  readonly name: string
  /** How far its clock is off. */
  readonly clockOffMs: number
  readonly #child: ChildProcess
  readonly #exit: Promise<unknown>
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  #orders = 0
  #isEnding = false
  #ended: string | null = null
  /** Lines that it printed, each with its instant: nothing here prints on purpose. */
  printed: { readonly at: number; readonly text: string }[] = []

  private constructor(name: string, clockOffMs: number) {
    this.name = name
    this.clockOffMs = clockOffMs
    const clock = clockOffMs === 0 ? [] : ['--import', SHIFTED_CLOCK]
    this.#child = spawn(process.execPath, ['--no-warnings', ...clock, '--import', ON_SOURCES, PROGRAM], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Measured: 80 ms of CPU for a start instead of 260.
      env: {
        NODE_COMPILE_CACHE: join(cacheFolder(), 'compiled'),
        ...process.env,
        FAULTS_CLOCK_OFF_MS: String(clockOffMs),
      },
    })
    running.add(this.#child)
    this.#exit = once(this.#child, 'exit').then(([code, signal]) => this.#over(String(code ?? signal)))
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.split('\n')) if (line !== '') this.printed.push({ at: instant(), text: line })
      })
    this.#child.on('message', (answer: Answer) => this.#hear(answer))
  }

  static async start(name: string, clockOffMs = 0): Promise<OtherProcess> {
    const other = new OtherProcess(name, clockOffMs)
    await new Promise<void>((resolve, reject) => other.#waiting.set(0, { resolve, reject }))
    return other
  }

  /** Whether it still answers orders. */
  get isThere(): boolean {
    return this.#ended === null && !this.#isEnding
  }

  /** null, or how it ended though nobody ended it. */
  get endedByItself(): string | null {
    return this.#isEnding ? null : this.#ended
  }

  order<T = void>(order: Order): Promise<T> {
    const id = ++this.#orders
    const answer = new Promise<T>((resolve, reject) => {
      if (this.#ended !== null) return reject(this.#gone())
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, order })
    })
    answer.catch(() => {}) // Whoever waits for it hears of it; an order to a process that is killed is nobody's.
    return answer
  }

  /** kill -9. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#isEnding = true
    this.#child.kill('SIGKILL')
    await this.#exit
  }

  stop(): void {
    this.#child.kill('SIGSTOP')
  }

  goOn(): void {
    this.#child.kill('SIGCONT')
  }

  #hear(answer: Answer): void {
    const id = 'ready' in answer ? 0 : answer.id
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if ('error' in answer) waiting?.reject(new Error(`${this.name}: ${answer.error}`))
    else waiting?.resolve(('ready' in answer ? null : answer.value) as never)
  }

  #over(how: string): void {
    this.#ended = how
    running.delete(this.#child)
    for (const { reject } of this.#waiting.values()) reject(this.#gone())
    this.#waiting.clear()
  }

  #gone(): Error {
    const printed = this.printed.map(({ text }) => text).join('\n')
    return new Error(`${this.name} has ended (${this.#ended})${printed === '' ? '' : `; it printed:\n${printed}`}`)
  }
}
