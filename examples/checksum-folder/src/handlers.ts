import { createHash } from 'node:crypto'
import { basename, extname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type AnyJobHandler, handle, JobError } from '@stint/core'
import { checksum, classify, inspect, shortHash } from './definitions.js'
import { chunksOf } from './read.js'

const NEWLINE = 10
const KINDS: { readonly [extension: string]: string } = {
  '.ts': 'code',
  '.js': 'code',
  '.py': 'code',
  '.md': 'text',
  '.txt': 'text',
  '.json': 'data',
  '.csv': 'data',
  '.png': 'image',
  '.jpg': 'image',
}

/** `slowMs`: how much longer each job takes than it must. */
export function createHandlers(slowMs: number): readonly AnyJobHandler[] {
  const onChecksum = handle(checksum, async ({ payload, signal }) => {
    await pause(slowMs, undefined, { signal })
    const hash = createHash('sha256')
    let bytes = 0
    let lines = 0
    for await (const chunk of chunksOf(payload, signal)) {
      hash.update(chunk)
      bytes += chunk.length
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) lines++
    }
    return { sha256: hash.digest('hex'), bytes, lines }
  })

  const onClassify = handle(classify, async ({ payload, attempt, signal }) => {
    await pause(slowMs, undefined, { signal })
    // Without `retry` an error is retried by the definition's backoff until its attempts are used up; then the job is dead.
    if (isBusy(payload.path, attempt)) throw new JobError('the classifier is busy', { code: 'CLASSIFIER_BUSY' })
    return { kind: KINDS[extname(payload.path).toLowerCase()] ?? 'other' }
  })

  const onInspect = handle(inspect, async ({ payload, signal }) => {
    await pause(slowMs, undefined, { signal })
    if (/(-lock\.(json|yaml)|\.lock)$/.test(basename(payload.path)))
      throw new JobError('a generated file, nothing to inspect', { retry: false, code: 'GENERATED' })
    for await (const head of chunksOf(payload, signal)) {
      if (head.includes(0)) throw new JobError('not a text file', { retry: false, code: 'NOT_TEXT' })
      return {
        longestLine: Math.max(
          ...head
            .toString()
            .split('\n')
            .map((line) => line.length),
        ),
      }
    }
    return { longestLine: 0 }
  })

  return [onChecksum, onClassify, onInspect]
}

/** The make-believe classifier's moods: by chance, but by the same chance in every run. */
export function isBusy(path: string, attempt: number): boolean {
  const luck = Number.parseInt(shortHash(path).slice(0, 8), 16) / 2 ** 32
  return luck < 0.02 || (luck < 0.27 && attempt === 1)
}
