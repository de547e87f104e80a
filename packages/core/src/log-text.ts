import { cut } from './cut.js'
import type { JsonText } from './record.js'

export type LogEntry = readonly [at: number, attempt: number, message: string]
interface LogState {
  readonly dropped: number
  readonly lines: readonly LogEntry[]
}

export const DEFAULT_MAX_LOG_BYTES = 65_536
const MAX_MESSAGE_BYTES = 8192

/**
 * A job's log is one text, `{dropped, lines: [[at, attempt, message], …]}`, written whole by whoever holds the job: so a line costs no
 * table, no method and no merge, and the fence guards it like everything else. The oldest lines go first, and are counted.
 */
export class JobLog {
  #dropped: number
  readonly #lines: LogEntry[]
  readonly #sizes: number[]
  #bytes: number

  constructor(text: JsonText | null) {
    const { dropped, lines } = readLog(text)
    this.#dropped = dropped
    this.#lines = [...lines]
    this.#sizes = lines.map(sizeOf)
    this.#bytes = this.#sizes.reduce((sum, size) => sum + size, 0)
  }

  append(at: number, attempt: number, message: string, maxBytes: number = DEFAULT_MAX_LOG_BYTES): void {
    // One endless line may not push out all the others.
    const line: LogEntry = [at, attempt, cut(message, Math.min(MAX_MESSAGE_BYTES, maxBytes))]
    const size = sizeOf(line)
    this.#lines.push(line)
    this.#sizes.push(size)
    this.#bytes += size
    while (this.#bytes > maxBytes && this.#lines.length > 1) {
      this.#lines.shift()
      this.#bytes -= this.#sizes.shift() as number
      this.#dropped++
    }
  }

  get text(): JsonText {
    return JSON.stringify({ dropped: this.#dropped, lines: this.#lines })
  }
}

export function readLog(text: JsonText | null): LogState {
  return text === null ? { dropped: 0, lines: [] } : (JSON.parse(text) as LogState)
}

const sizeOf = (line: LogEntry): number => Buffer.byteLength(JSON.stringify(line)) + 1
