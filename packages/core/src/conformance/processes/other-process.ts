/**
 * Another process with a store of its own over the same data. It ends when it is told to, when it is killed, or with this one. Core starts no
 * process but here, and lint lets this folder alone do it: what holds between processes cannot be shown inside one.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { isAbsolute, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Clock } from '../../clock.js'
import { StintError, type StintErrorCode } from '../../errors.js'
import type { ProcessHook } from '../options.js'
import { within } from '../stage/deadline.js'
import type { Order, Said, Sent, ToldError, ToldWrite } from './orders.js'

/** CommonJS has no `import.meta`, modules have no `__filename`. */
const HERE = typeof __filename === 'string' ? pathToFileURL(__filename).href : import.meta.url
/** Published it is a file of the package beside this one; on sources it is the source. */
const PROGRAM = new URL(HERE.endsWith('.ts') ? './program.ts' : './conformance-process.js', HERE)

/** Longest time from its start to its first word, on a machine that starts sixteen at once. */
const START_MS = 60_000
/** Longest time of one order. */
const ORDER_MS = 30_000
/** What is kept of what it printed, for when it could not be started. */
const KEPT_CHARS = 2000

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

export class OtherProcess {
  /** What it says of the store that it made. */
  made: { readonly name: string } = { name: '' }
  /** What `write on` told so far. */
  readonly writes: ToldWrite[] = []
  readonly #child: ChildProcess
  readonly #clock: Clock
  readonly #waiting = new Map<number, Waiting>()
  readonly #exit: Promise<void>
  readonly #ready: Promise<void>
  #onWrite: (() => void) | null = null
  #orders = 0
  #printed = ''
  #ended: string | null = null

  private constructor(child: ChildProcess, clock: Clock) {
    this.#child = child
    this.#clock = clock
    const keep = (text: Buffer): void => {
      this.#printed = (this.#printed + text.toString()).slice(-KEPT_CHARS)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    this.#ready = new Promise((resolve, reject) => this.#waiting.set(0, { resolve: () => resolve(), reject }))
    this.#ready.catch(() => {}) // told by whoever waits for it
    child.on('message', (said) => this.#hear(said as Said))
    child.on('error', (error) => this.#over(error.message))
    this.#exit = new Promise((done) => child.on('exit', () => done()))
    // Later than its exit: by then all that it printed was read.
    child.on('close', (code, signal) => this.#over(signal ?? `exit code ${code}`))
  }

  /** Started, and its store made for the space; not opened. Rejects with what the process printed when it cannot be. */
  static async start(hook: ProcessHook, space: string, clock: Clock): Promise<OtherProcess> {
    const child = fork(fileURLToPath(PROGRAM), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      ...(hook.execArgv && { execArgv: [...hook.execArgv] }),
    })
    const started = new OtherProcess(child, clock)
    try {
      await within(START_MS, 'the start of another process', started.#ready, () => `its first word${started.#said()}`)
      started.made = (await started.order({
        do: 'make',
        module: addressOf(hook.module),
        export: hook.export ?? 'conformance',
        args: hook.args ?? [],
        space,
      })) as OtherProcess['made']
      return started
    } catch (cause) {
      await started.kill()
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`engine.processes: another process could not make its store: ${why}`, { cause })
    }
  }

  /** Sent at once; several may be under way. Rejects as the store did, or because the process ended first. */
  order(order: Order): Promise<unknown> {
    if (this.#ended !== null) return Promise.reject(this.#endedError())
    const id = ++this.#orders
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    this.#child.send({ id, at: this.#clock.now(), order } satisfies Sent, (error) => {
      if (error) this.#settle(id, ({ reject }) => reject(error))
    })
    if (order.do === 'write on') return answer
    const what = order.do === 'call' ? order.method : order.do
    return within(ORDER_MS, `'${what}' in another process`, answer, () => `its answer${this.#said()}`)
  }

  /** The next word of `write on`. */
  async nextWrite(): Promise<void> {
    const heard = new Promise<void>((resolve, reject) => {
      if (this.#ended !== null) reject(this.#endedError())
      this.#onWrite = resolve
    })
    await within(ORDER_MS, 'a write in another process', heard, () => `word of it${this.#said()}`)
  }

  /** Without warning: SIGKILL. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit
  }

  #hear(said: Said): void {
    switch (said.what) {
      case 'ready':
        return this.#settle(0, ({ resolve }) => resolve(null))
      case 'answer':
        return this.#settle(said.id, ({ resolve }) => resolve(said.value))
      case 'error':
        return this.#settle(said.id, ({ reject }) => reject(rebuilt(said.error)))
      case 'write':
        this.writes.push(said.write)
        this.#onWrite?.()
        this.#onWrite = null
    }
  }

  #settle(id: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (waiting) how(waiting)
  }

  #over(how: string): void {
    this.#ended ??= how
    for (const id of [...this.#waiting.keys()]) this.#settle(id, ({ reject }) => reject(this.#endedError()))
  }

  #endedError(): Error {
    return new Error(`the other process has ended (${this.#ended})${this.#said()}`)
  }

  #said(): string {
    return this.#printed === '' ? '' : `; it printed:\n${this.#printed.trim()}`
  }
}

/** What `import()` takes in whatever folder the process runs. */
function addressOf(module: string | URL): string {
  if (module instanceof URL) return module.href
  return isAbsolute(module) || module.startsWith('.') ? pathToFileURL(resolve(module)).href : module
}

const rebuilt = ({ code, message, details }: ToldError): Error =>
  code === null ? new Error(message) : new StintError(code as StintErrorCode, message, details as never)
