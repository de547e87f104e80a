import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoreOptions } from '@stint/core'
import { mustHaveFolder } from '../connection.js'
import { optionsFromUrl, type SqliteStoreOptions, settle } from '../options.js'

/** Where the stores of a suite have their files. */
export interface Place {
  /** The same place for whoever is asked in another folder or process. */
  readonly url: string
  readonly isInFiles: boolean
  readonly tablePrefix: string
  /** Beside the file of the URL, which itself is never opened. */
  pathOf(space: string): string
  /** What the suite says goes before what the URL says. */
  optionsOf(options: StoreOptions): Omit<SqliteStoreOptions, 'path' | 'db'>
  destroy(space: string): void
}

export function placeOf(url: string): Place {
  const { path, ...given } = optionsFromUrl(url, {})
  const { file, prefix } = settle({ ...given, path })
  if (file !== null) mustHaveFolder(file)
  const pathOf = (space: string): string => (file === null ? ':memory:' : `${file}.${space}.db`)
  return {
    url: file === null ? url : `sqlite:${encoded(file)}${/\?[^#]*/.exec(url)?.[0] ?? ''}`,
    isInFiles: file !== null,
    tablePrefix: prefix,
    pathOf,
    optionsOf: (options) => ({ ...given, ...options }),
    destroy(space) {
      if (file === null) return
      for (const end of ['', '-wal', '-shm', '-journal']) rmSync(pathOf(space) + end, { force: true })
    },
  }
}

/** No folder of its own, which would have to be removed by a process that may be killed: each file goes with its space. */
export const temporaryUrl = (): string => `sqlite:${encoded(join(tmpdir(), `stint-${randomUUID()}.db`))}`

const encoded = (path: string): string => encodeURI(path).replace(/[?#]/g, encodeURIComponent)
