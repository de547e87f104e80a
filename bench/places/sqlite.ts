import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Place } from '../place.ts'
import { SqliteRaw } from '../raw/sqlite.ts'

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/** Files under the system's temporary folder, which may be faster or slower than where your files are: `TMPDIR` puts it elsewhere. */
export async function sqlitePlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'stint-bench-'))
  const file = (name: string): string => join(folder, `${name}.db`)
  const memory = new Database(':memory:')
  const version = String(memory.prepare('select sqlite_version()').pluck().get())
  memory.close()
  return {
    engine: 'sqlite',
    facts: { version, 'journal mode': 'WAL', synchronous: 'FULL', folder: tmpdir() },
    pid: null,
    url: (name) => `sqlite:${file(name)}`,
    isShared: true,
    raw: async (name) => new SqliteRaw(file(name)),
    bytes: async (name) => sizeOf(file(name)) + sizeOf(`${file(name)}-wal`),
    stop: async () => rmSync(folder, { recursive: true, force: true }),
  }
}
