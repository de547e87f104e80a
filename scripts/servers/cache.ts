import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where programs that were fetched once are kept. `STINT_CACHE` puts it elsewhere. */
export function cacheFolder(): string {
  const folder = process.env.STINT_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'stint')
  mkdirSync(folder, { recursive: true })
  return folder
}
