import { accessSync, constants, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** Where a server's data lie: on a disk, or in memory where there is room. */
export type Scratch = 'disk' | 'memory'

const ROOM_BYTES = 2 ** 31
const IN_MEMORY = '/dev/shm'

/** A kill -9 asks nothing of a disk, and several servers that sync at once ask much of one. What is measured belongs on a disk. */
export function scratchFolder(on: Scratch): string {
  if (on === 'disk') return tmpdir()
  try {
    accessSync(IN_MEMORY, constants.W_OK)
    const { bavail, bsize } = statfsSync(IN_MEMORY)
    return bavail * bsize >= ROOM_BYTES ? IN_MEMORY : tmpdir()
  } catch {
    return tmpdir() // no such place on this system
  }
}
