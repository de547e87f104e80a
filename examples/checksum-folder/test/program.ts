import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { shortHash } from '../src/definitions.js'
import { repository } from '../src/options.js'
import { filesOf } from '../src/place.js'

/** The program as `npm start` runs it. `npm test` builds it first. */
export const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A run under way. Killed when its test is over, whatever happened. */
export class RunningProgram {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  #stdout = ''
  #stderr = ''
  #look = (): void => {}

  constructor(args: readonly string[], options: SpawnOptions = {}) {
    this.child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      this.#look()
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject)
      this.child.once('close', (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }))
    })
    onTestFinished(() => void this.child.kill('SIGKILL'))
  }

  /** Resolves when the program has said it; rejects when it ends without. */
  said(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#look = () => {
        if (pattern.test(this.#stdout)) resolve()
      }
      this.#look()
      void this.ended.then((end) => reject(new Error(`ended without saying ${pattern}: ${JSON.stringify(end)}`)))
    })
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }
}

export const run = (...args: readonly string[]): Promise<Ended> => new RunningProgram(args).ended

/** The summary in the last line. */
export function summaryOf({ stdout }: Ended): Summary {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
}

export interface Summary {
  readonly folder: string
  readonly store: string
  readonly files: number
  readonly bytes: number
  readonly lines: number
  readonly skipped: number
  readonly jobs: { readonly [end in 'total' | 'succeeded' | 'failed' | 'dead' | 'cancelled' | 'open']: number }
  readonly thisRun: { readonly [what in 'jobs' | 'new' | 'bytes' | 'seconds' | 'retries' | 'leasesExpired']: number }
  readonly retries: number
  readonly leasesExpired: number
  readonly completedTwice: number
  readonly gone: number
  readonly unreadable: number
  readonly unexpected: number
  readonly stopped: boolean
  readonly doneAlready: boolean
}

/** A folder of the test's own; removed at its end. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stint-checksum-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function folderOf(files: { readonly [path: string]: string | Buffer }): string {
  const folder = temporaryFolder()
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  return folder
}

/** `count` small text files in a few folders. */
export const manyFiles = (count: number): { [path: string]: string } =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`part-${i % 5}/file-${i}.txt`, `line of ${i}\n`.repeat(i + 1)]),
  )

/** A store outside the folder that is worked on. */
export const sqliteUrl = (): string => `sqlite:${join(temporaryFolder(), 'jobs.db')}`

/** The file that the program chooses for a folder by itself; removed at the test's end. */
export function ownStoreOf(folder: string): string {
  const file = join(repository, '.stint', `checksum-${shortHash(folder).slice(0, 12)}.db`)
  onTestFinished(() => {
    for (const one of filesOf(file)) rmSync(one, { force: true })
  })
  return file
}
