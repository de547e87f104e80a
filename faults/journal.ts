/** What a process notes of what it was told, on disk and at once: a killed process still tells what it knew. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

/** The instant of each is that of `instant()`. `fence` names the run of a job. */
export type Note =
  | { readonly what: 'acknowledged' | 'refused' | 'unknown'; readonly at: number; readonly id: string }
  | { readonly what: 'begun' | 'ended' | 'accepted'; readonly at: number; readonly id: string; readonly fence: number }
  | { readonly what: 'aborted'; readonly at: number; readonly id: string; readonly fence: number; readonly why: string }
  | { readonly what: 'log' | 'unexpected'; readonly at: number; readonly text: string }

export class Journal {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  /** In the hands of the system when it returns, which is as much as a kill -9 of the process can take. */
  write(note: Note): void {
    writeSync(this.#file, `${JSON.stringify(note)}\n`)
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** A process that was killed in a write leaves half a line, of something that it had not been told whole. */
export function readJournal(path: string): Note[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  lines.pop()
  return lines.map((line) => JSON.parse(line) as Note)
}
