import { statSync } from 'node:fs'
import { unavailable } from './failures.js'

/**
 * Whether the names still lead to the files that are open. SQLite in WAL mode does not ask: after a delete, a restored backup or a remount it
 * goes on in files that nobody else can see and that end with the process, and jobs would be acknowledged into them. Looked at before each
 * write, at 0.6 µs a name; like SQLite's own look in its other modes it compares the number of the file alone.
 */
export class SameFiles {
  readonly #file: string
  readonly #log: string
  readonly #fileNumber: bigint | null
  /** null until SQLite has made the log, at the first write; it removes it only when nobody has the file open. */
  #logNumber: bigint | null = null

  constructor(file: string) {
    this.#file = file
    this.#log = `${file}-wal`
    this.#fileNumber = numberOf(file)
  }

  mustBeThere(): void {
    if (this.#fileNumber !== null && numberOf(this.#file) !== this.#fileNumber) throw this.#gone(this.#file)
    const log = numberOf(this.#log)
    this.#logNumber ??= log
    if (log !== this.#logNumber) throw this.#gone(this.#log)
  }

  #gone(name: string): Error {
    return unavailable(
      `${name} was deleted, moved or replaced while this program had it open. Nothing was written. Start the program again to work on what is there now; stop all programs that use a file before you move it.`,
    )
  }
}

/** null: there is none, or nobody may look. */
function numberOf(file: string): bigint | null {
  try {
    return statSync(file, { bigint: true, throwIfNoEntry: false })?.ino ?? null
  } catch {
    return null
  }
}
