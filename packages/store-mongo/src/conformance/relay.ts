/** A server has no command that ends the connections of its clients, so those of the suite go through here, where they can be cut. */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** How long a cut that is to meet a write waits for one. */
const PATIENCE_MS = 100
/** Only a write names it. */
const OF_A_WRITE = 'writeConcern'

/** When the next cut falls: at once, before a write has come to the server, or behind it, its reply lost. */
type Moment = 'at once' | 'before' | 'behind'
const MOMENTS: readonly Moment[] = ['at once', 'before', 'behind']

export class Relay {
  readonly #host: string
  readonly #port: number
  readonly #sockets = new Set<Socket>()
  #server: Promise<Server> | null = null
  #cuts = 0
  #armed: { readonly moment: Moment; readonly fire: () => void } | null = null

  constructor(host: string, port: number) {
    this.#host = host
    this.#port = port
  }

  /** The port to connect to. */
  async port(): Promise<number> {
    this.#server ??= new Promise((resolve, reject) => {
      const server = createServer((socket) => this.#join(socket))
      server.once('error', reject)
      server.listen(0, '127.0.0.1', () => resolve(server))
      // It keeps no process alive.
      server.unref()
    })
    const address = (await this.#server).address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** Breaks them all; in turn at once and at a write, or soon where none comes: the driver repeats its reads, so only a write feels it. */
  cut(): Promise<void> {
    const moment = MOMENTS[this.#cuts++ % MOMENTS.length] as Moment
    return new Promise((resolve) => {
      const fire = (): void => {
        clearTimeout(timer)
        this.#armed = null
        for (const socket of this.#sockets) socket.destroy()
        resolve()
      }
      const timer = setTimeout(fire, moment === 'at once' ? 0 : PATIENCE_MS)
      this.#armed = { moment, fire }
    })
  }

  #join(near: Socket): void {
    const far = connect(this.#port, this.#host)
    let losesReply = false
    this.#pass(near, far, (chunk) => {
      if (this.#armed === null || this.#armed.moment === 'at once' || !chunk.includes(OF_A_WRITE)) return true
      losesReply = this.#armed.moment === 'behind'
      if (this.#armed.moment === 'before') this.#armed.fire()
      return losesReply
    })
    this.#pass(far, near, () => {
      if (losesReply) this.#armed?.fire()
      return !losesReply
    })
  }

  #pass(from: Socket, to: Socket, mayPass: (chunk: Buffer) => boolean): void {
    this.#sockets.add(from)
    from.setNoDelay(true)
    from.unref()
    from.on('error', () => {})
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
    from.on('data', (chunk: Buffer) => {
      if (!mayPass(chunk) || to.destroyed) return
      if (!to.write(chunk)) from.pause()
    })
    to.on('drain', () => from.resume())
  }
}
