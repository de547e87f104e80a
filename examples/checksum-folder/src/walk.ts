import type { Dirent } from 'node:fs'
import { access, constants, readdir, realpath, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { CannotStart, hasGone, reasonOf } from './trouble.js'

const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', '.git', 'dist', '.turbo', '.stint'])

export interface Skipped {
  readonly path: string
  readonly why: string
  /** Something is missing from the result, against the user's will. */
  readonly isTrouble: boolean
}

/** The folder's one true name, so that the same folder is the same run however it was written. */
export async function realFolder(given: string): Promise<string> {
  const path = resolve(given)
  try {
    if (!(await stat(path)).isDirectory()) throw new CannotStart(`${path} is a file. Give the folder that it is in.`)
    await access(path, constants.R_OK | constants.X_OK)
    return await realpath(path)
  } catch (error) {
    if (error instanceof CannotStart) throw error
    throw new CannotStart(
      hasGone(error) ? `There is no folder ${path}.` : `The folder ${path} cannot be read: ${reasonOf(error)}.`,
    )
  }
}

/** Every regular file below, folder by folder in the order of names. Links are not followed: they could lead in a circle. */
export async function* filesUnder(
  folder: string,
  skip: (skipped: Skipped) => void,
  below = '',
): AsyncGenerator<string> {
  let entries: Dirent[]
  try {
    entries = await readdir(join(folder, below), { withFileTypes: true })
  } catch (error) {
    return skip({ path: below, why: `a folder that cannot be read: ${reasonOf(error)}`, isTrouble: !hasGone(error) })
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) {
      if (!LEFT_OUT.has(entry.name)) yield* filesUnder(folder, skip, path)
    } else if (entry.name.includes('\uFFFD')) {
      skip({ path, why: 'its name is not valid UTF-8', isTrouble: true })
    } else if (entry.isFile()) {
      yield path
    } else {
      skip({ path, why: await whatIs(entry, join(folder, path)), isTrouble: false })
    }
  }
}

async function whatIs(entry: Dirent, path: string): Promise<string> {
  if (!entry.isSymbolicLink()) return entry.isFIFO() ? 'a pipe' : entry.isSocket() ? 'a socket' : 'a device'
  return stat(path).then(
    () => 'a link; links are not followed',
    () => 'a link that leads nowhere',
  )
}
