import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The whole path of a program, from PATH or one of these folders; null: it is not there. */
export function programOnPath(name: string, folders: readonly string[] = []): string | null {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...folders]) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder.
    }
  }
  return null
}
