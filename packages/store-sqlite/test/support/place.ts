import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'stint-sqlite-'))
let files = 0

/** A file of its own for each test, in a folder that goes when the tests of this file are over. */
export const newFile = (name = 'jobs'): string => join(folder, `${name}-${files++}.db`)

export const fileOf = (space: string): string => join(folder, `${space}.db`)

export function destroy(file: string): void {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(file + end, { force: true })
}

afterAll(() => rmSync(folder, { recursive: true, force: true }))
