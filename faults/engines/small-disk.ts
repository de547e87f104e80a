/** A disk that can be filled without harm to anybody: a tmpfs of its own. */
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const CHUNK = Buffer.alloc(64 * 1024)
/** What others free meanwhile is taken again so often. */
const TOP_UP_MS = 50

export class SmallDisk {
  readonly folder: string
  #isMounted = true

  private constructor(folder: string) {
    this.folder = folder
    process.once('exit', () => this.remove())
  }

  /** A string: why there can be none here. */
  static make(megabytes: number): SmallDisk | string {
    if (process.platform !== 'linux') return 'a small disk is a tmpfs, which is Linux'
    if (process.getuid?.() !== 0) return 'only root may mount a tmpfs'
    const folder = mkdtempSync(join(tmpdir(), 'stint-small-disk-'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=777`, 'tmpfs', folder])
    if (mounted.status === 0) return new SmallDisk(folder)
    rmSync(folder, { recursive: true })
    return `no tmpfs can be mounted here (${mounted.error?.message ?? String(mounted.stderr).trim()})`
  }

  /** Not a byte is left, until the answer is called. */
  fill(): () => void {
    const path = join(this.folder, 'filler')
    const file = openSync(path, 'a')
    takeAll(file)
    const timer = setInterval(() => takeAll(file), TOP_UP_MS)
    return () => {
      clearInterval(timer)
      closeSync(file)
      rmSync(path)
    }
  }

  remove(): void {
    if (!this.#isMounted) return
    this.#isMounted = false
    spawnSync('umount', ['-l', this.folder])
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function takeAll(file: number): void {
  for (let size = CHUNK.length; size >= 1; ) {
    try {
      const written = writeSync(file, CHUNK, 0, size)
      if (written < size) size = size >> 1
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      size = size >> 1
    }
  }
}
