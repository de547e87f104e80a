/** A store that never gives the thread back keeps every deadline from firing; only another thread can say so, and end it. */
// biome-ignore lint/style/noRestrictedImports: nothing of the suite runs in that thread, it watches this one.
import { Worker } from 'node:worker_threads'
import { seamOf } from '../../seam.js'

const { background } = seamOf(null)
const BEAT_MS = 250
/** A thread that is kept so much longer than its case may take is not given back any more. */
const GRACE_MS = 2000
const NAME_BYTES = 1000
const NUMBERS = 3

/** As text: a bundler would have to be told of a file of its own, in two formats. */
const WATCH = `
const { workerData: { shared, bytes, beatMs } } = require('node:worker_threads')
const [numbers, name] = [new Int32Array(shared, 0, ${NUMBERS}), new Uint8Array(shared, bytes)]
let last = -1, since = Date.now()
setInterval(() => {
  const [beat, length, longestMs] = [0, 1, 2].map((at) => Atomics.load(numbers, at))
  if (beat !== last) { last = beat; since = Date.now() }
  if (Date.now() - since < longestMs) return
  const text = new TextDecoder().decode(name.slice(0, length))
  require('node:fs').writeSync(2, '\\nFAULT-2: the thread was not given back for ' + longestMs + ' ms, so that no deadline could fire; the run is ended, and its spaces are left. It ran: ' + text + '\\n')
  process.kill(process.pid, 'SIGKILL')
}, beatMs)
`

export class Watchdog {
  readonly #shared = new SharedArrayBuffer(4 * NUMBERS + NAME_BYTES)
  readonly #numbers = new Int32Array(this.#shared, 0, NUMBERS)
  readonly #name = new Uint8Array(this.#shared, 4 * NUMBERS)
  readonly #worker: Worker
  #isOver = false

  constructor() {
    this.now('nothing yet', 60_000)
    const workerData = { shared: this.#shared, bytes: 4 * NUMBERS, beatMs: BEAT_MS }
    this.#worker = new Worker(WATCH, { eval: true, workerData })
    this.#worker.unref()
    this.#beat()
  }

  /** What runs from now on, and how long it may take. */
  now(name: string, longestMs: number): void {
    const { written } = new TextEncoder().encodeInto(name, this.#name)
    Atomics.store(this.#numbers, 1, written)
    Atomics.store(this.#numbers, 2, longestMs + GRACE_MS)
    Atomics.add(this.#numbers, 0, 1)
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#worker.terminate()
  }

  #beat(): void {
    if (this.#isOver) return
    Atomics.add(this.#numbers, 0, 1)
    background(BEAT_MS, () => this.#beat())
  }
}
