/** A wire that breaks on order: every connection of the workers and producers to their server goes through here. */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * Where a connection is cut: before a request is passed on; behind it, so that its reply is lost; in the middle of the request, of which the
 * server gets the first half; in the middle of the reply.
 */
export type Cut = 'before' | 'behind' | 'mid-request' | 'mid-reply'

export interface ProxyOptions {
  readonly port: number
  readonly host?: string
  /** Whether these bytes of a client are worth a cut: a driver's own chatter would let it pass unnoticed. */
  readonly isAboutJobs: (chunk: Buffer) => boolean
}

interface Wire {
  readonly near: Socket
  /** null: accepted while the wire was a black hole, so nobody is at the other end. */
  readonly far: Socket | null
  isDead: boolean
  /** The cut that waits for the reply on this wire. */
  awaits: Armed | null
}

interface Armed {
  readonly cut: Cut
  readonly fired: () => void
}

export class TcpProxy {
  readonly #options: ProxyOptions
  readonly #server: Server
  readonly #wires = new Set<Wire>()
  #armed: Armed | null = null
  #isBlackHole = false
  #delay: (() => number) | null = null
  /** How often each fault has met bytes. */
  readonly met = { before: 0, behind: 0, 'mid-request': 0, 'mid-reply': 0, swallowed: 0, delayed: 0 }

  private constructor(options: ProxyOptions) {
    this.#options = options
    this.#server = createServer((near) => this.#join(near))
  }

  static async listen(options: ProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** Cuts the next connection over which something about jobs is asked. Resolves when that has happened. */
  cut(cut: Cut): Promise<void> {
    return new Promise((resolve) => {
      this.#armed = {
        cut,
        fired: () => {
          this.met[cut]++
          resolve()
        },
      }
    })
  }

  /** No cut falls any more. */
  disarm(): void {
    this.#armed = null
  }

  /** From now on nothing arrives anywhere, and nobody is told; new connections are taken and are as silent. Those of now stay dead after `heal`. */
  blackHole(): void {
    this.#isBlackHole = true
    for (const wire of this.#wires) wire.isDead = true
  }

  heal(): void {
    this.#isBlackHole = false
    this.#delay = null
    // A client that has gone meanwhile: only now can the server hear of it.
    for (const wire of this.#wires) if (wire.near.destroyed) this.#end(wire, false)
  }

  /** All that passes comes so much later, in its order. */
  delay(ms: () => number): void {
    this.#delay = ms
  }

  async close(): Promise<void> {
    for (const wire of this.#wires) this.#end(wire, true)
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(near: Socket): void {
    const { port, host = '127.0.0.1' } = this.#options
    const wire: Wire = {
      near,
      far: this.#isBlackHole ? null : connect(port, host),
      isDead: this.#isBlackHole,
      awaits: null,
    }
    this.#wires.add(wire)
    this.#pass(wire, near, wire.far, (chunk) => this.#asked(wire, chunk))
    if (wire.far) this.#pass(wire, wire.far, near, (chunk) => this.#answered(wire, chunk))
  }

  /** How much of the chunk passes; null: all, and nothing is cut. */
  #asked(wire: Wire, chunk: Buffer): Buffer | null {
    const armed = this.#armed
    if (armed === null || wire.awaits === armed || !this.#options.isAboutJobs(chunk)) return null
    if (armed.cut === 'behind' || armed.cut === 'mid-reply') {
      wire.awaits = armed
      return null
    }
    this.#fire(armed)
    return chunk.subarray(0, armed.cut === 'before' ? 0 : Math.max(1, chunk.length >> 1))
  }

  #answered({ awaits }: Wire, chunk: Buffer): Buffer | null {
    // Of several that were asked at once the first to answer is cut.
    if (awaits === null || awaits !== this.#armed) return null
    this.#fire(awaits)
    return chunk.subarray(0, awaits.cut === 'behind' ? 0 : Math.max(1, chunk.length >> 1))
  }

  #fire(armed: Armed): void {
    this.#armed = null
    armed.fired()
  }

  #pass(wire: Wire, from: Socket, to: Socket | null, share: (chunk: Buffer) => Buffer | null): void {
    let last = Promise.resolve()
    let late = 0
    from.setNoDelay(true)
    from.on('error', () => {})
    from.on('drain', () => (from === wire.near ? wire.far : wire.near)?.resume())
    from.on('data', (chunk: Buffer) => {
      if (wire.isDead || to === null) return void this.met.swallowed++
      const passed = share(chunk)
      if (passed !== null) return this.#cutAfter(wire, to, passed)
      // What comes behind something late waits for it: bytes never change their order.
      if (this.#delay === null && late === 0) return void (to.write(chunk) || from.pause())
      if (this.#delay !== null) this.met.delayed++
      late++
      const due = performance.now() + (this.#delay?.() ?? 0)
      last = last
        .then(() => later(due - performance.now()))
        .then(() => {
          late--
          if (!to.destroyed) to.write(chunk)
        })
    })
    from.on('close', () => {
      // Nothing gets through a black hole, not even the end of a connection.
      if (wire.isDead && this.#isBlackHole) return
      void last.then(() => this.#end(wire, false))
    })
  }

  #cutAfter(wire: Wire, to: Socket, passed: Buffer): void {
    if (passed.length === 0) return this.#end(wire, true)
    to.write(passed, () => this.#end(wire, false))
  }

  /** `hard`: by a reset, as a machine that has forgotten the connection would. */
  #end(wire: Wire, hard: boolean): void {
    this.#wires.delete(wire)
    for (const socket of [wire.near, wire.far]) {
      if (socket === null || socket.destroyed) continue
      if (hard && !socket.connecting) socket.resetAndDestroy()
      else socket.destroy()
    }
  }
}

const later = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, Math.max(0, ms)))
