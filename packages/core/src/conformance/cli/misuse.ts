import { Overdue } from '../stage/deadline.js'

/** The program was called in a way that it cannot serve, or what it was given does not work: exit code 2. */
export class Misuse extends Error {
  /** With the place where the caller's own code threw. */
  static because(what: string, error: unknown): Misuse {
    if (error instanceof Misuse) return error
    if (error instanceof Overdue) return new Misuse(`${what}\n${error.message}`)
    return new Misuse(`${what}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
}
