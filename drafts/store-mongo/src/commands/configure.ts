import type { SettingResult, SettingWrite } from '@stint/core'
import type { Document } from 'mongodb'
import { codeOf, DUPLICATE_KEY, late, NOT_AN_OBJECT } from '../failures.js'
import { type SettingDocument, settingId, settingOf } from './read.js'
import { newNonce, type Step } from './step.js'

/** One after the other: a later one may be about the same name. */
export async function configure(step: Step, writes: readonly SettingWrite[]): Promise<SettingResult[]> {
  await step.begin(false)
  const results: SettingResult[] = []
  for (const write of writes) {
    step.point('setting')
    results.push(write.value === null ? await drop(step, write) : await put(step, write))
    if (write.value === null && write.kind === 'paused' && results.at(-1)?.ok) step.wake(write.name)
  }
  step.point('configured')
  return results
}

async function put(step: Step, { kind, name, value, ifVersion }: SettingWrite): Promise<SettingResult> {
  const { session, now } = step
  const [_id, op] = [settingId(kind, name), newNonce()]
  for (;;) {
    const version = { $ifNull: ['$version', 0] }
    const written = {
      _id: { $literal: _id },
      value: { $literal: value },
      version: { $add: [version, 1] },
      updatedAt: { $literal: now },
      op: { $literal: op },
    }
    const isRight = ifVersion === undefined ? true : { $eq: [version, ifVersion] }
    const after = await step.session
      .modify<SettingDocument>('meta', {
        query: { _id },
        update: [session.elseLate({ $cond: [isRight, written, '$$ROOT'] })],
        // A version that must be there is not made.
        upsert: ifVersion === undefined || ifVersion === 0,
        new: true,
      })
      .catch((error: unknown) => {
        const code = codeOf((error as { cause?: unknown }).cause ?? error)
        if (code === NOT_AN_OBJECT) throw late()
        // Two made it at once: the other's is there now.
        if (code === DUPLICATE_KEY) return 'again' as const
        throw error
      })
    if (after === 'again') {
      session.mustHaveTime()
      continue
    }
    if (after?.op === op) return { ok: true, version: after.version }
    return { ok: false, current: after && settingOf(after) }
  }
}

async function drop(step: Step, { kind, name, ifVersion }: SettingWrite): Promise<SettingResult> {
  const { session } = step
  const _id = settingId(kind, name)
  for (;;) {
    const query: Document = { _id, ...(ifVersion !== undefined && { version: ifVersion }), ...session.inTime() }
    // Absent is what version 0 asks for: there is nothing to remove.
    const dropped = ifVersion === 0 ? null : await session.modify('meta', { query, remove: true })
    if (dropped !== null) return { ok: true, version: 0 }
    const [current] = await session.find<SettingDocument>('meta', { _id })
    if (current === undefined)
      return ifVersion === undefined || ifVersion === 0 ? { ok: true, version: 0 } : { ok: false, current: null }
    if (ifVersion !== undefined && current.version !== ifVersion) return { ok: false, current: settingOf(current) }
    session.mustHaveTime()
  }
}
