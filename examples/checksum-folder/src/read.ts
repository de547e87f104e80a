import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileRef } from './definitions.js'
import { asJobError, unreadable } from './trouble.js'

const CHUNK_BYTES = 256 * 1024

/** A file piece by piece; what goes wrong is thrown as the job's outcome. Ends with the signal. */
export async function* chunksOf(file: FileRef, signal: AbortSignal): AsyncGenerator<Buffer> {
  let handle: FileHandle | undefined
  try {
    // Between the walk and now the file may have become a pipe, and a blocking open of a pipe would wait for its writer for ever.
    handle = await open(join(file.folder, file.path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    if (!(await handle.stat()).isFile()) throw unreadable('it is no regular file any more')
    yield* handle.createReadStream({ highWaterMark: CHUNK_BYTES, signal, autoClose: false })
  } catch (error) {
    throw asJobError(error)
  } finally {
    await handle?.close()
  }
}
