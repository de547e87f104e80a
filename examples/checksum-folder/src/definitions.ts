import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { defineJob, unchecked } from '@stint/core'

/** What every job here is about. */
export interface FileRef {
  readonly folder: string
  /** Below the folder, with `/` on every platform. */
  readonly path: string
}

export const checksum = defineJob({
  type: 'file.checksum',
  payload: unchecked<FileRef>(),
  result: unchecked<{ sha256: string; bytes: number; lines: number }>(),
  // A kill costs the jobs in hand an attempt; a demo that invites killing is generous.
  maxAttempts: 10,
})

export const classify = defineJob({
  type: 'file.classify',
  payload: unchecked<FileRef>(),
  result: unchecked<{ kind: string }>(),
  maxAttempts: 4,
  // So short only because nobody real is asked: the default begins at a second.
  backoff: { kind: 'exponential', base: '50ms' },
})

export const inspect = defineJob({
  type: 'file.inspect',
  payload: unchecked<FileRef>(),
  result: unchecked<{ longestLine: number }>(),
})

/** Error codes that this demo means to happen. */
export const ON_PURPOSE: ReadonlySet<string | null> = new Set(['CLASSIFIER_BUSY', 'NOT_TEXT', 'GENERATED'])

/**
 * The jobs of one file, as `enqueueMany` takes them. Their ids are made from the file, so enqueuing again, after a crash or from a second
 * process, answers with the jobs that are there.
 */
export function jobsOf(file: FileRef, queue: string) {
  const key = shortHash(join(file.folder, file.path))
  return [checksum, classify, inspect].map((job) => ({ job, payload: file, queue, id: `${job.type}:${key}` }))
}

/** A lane for each folder, so that a store may be shared. */
export const laneOf = (folder: string): string => `folder-${shortHash(folder).slice(0, 12)}`

export const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)
