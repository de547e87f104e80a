import { mkdir, rm, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { withoutPassword } from '@stint/core/store'
import { shortHash } from './definitions.js'
import { type Options, repository } from './options.js'
import { CannotStart } from './trouble.js'

/** Where the jobs are kept. */
export interface Place {
  readonly url: string
  /** As told to people. */
  readonly shown: string
  /** The SQLite file, if it is one; not to be worked on itself. */
  readonly file: string | null
  /** Chosen by this program, so this program may remove it. */
  readonly isOwn: boolean
}

/** The same folder always has the same file, from wherever it is started: that is what a restart goes on with. */
export async function placeFor(folder: string, { store, fresh }: Options): Promise<Place> {
  if (store !== null) {
    const shown = withoutPassword(store)
    if (fresh && store !== 'memory:')
      throw new CannotStart(
        `--fresh removes only a file that this program has chosen itself. Remove ${shown} yourself, or name another.`,
      )
    const [, path] = /^sqlite:(?:\/\/)?([^?#]+)/.exec(store) ?? []
    return { url: store, shown, file: path === undefined ? null : resolve(path), isOwn: false }
  }
  const file = join(repository, '.stint', `checksum-${shortHash(folder).slice(0, 12)}.db`)
  await mkdir(join(repository, '.stint'), { recursive: true })
  return {
    url: `sqlite:${encodeURIComponent(file)}`,
    shown: `sqlite:${relative(process.cwd(), file)}`,
    file,
    isOwn: true,
  }
}

export const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  )

/** A SQLite database is up to three files. */
export const filesOf = (file: string): readonly string[] => ['', '-wal', '-shm'].map((suffix) => file + suffix)

export async function remove(file: string): Promise<void> {
  for (const one of filesOf(file)) await rm(one, { force: true })
}
