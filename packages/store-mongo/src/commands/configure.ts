import type { SettingResult, SettingWrite } from '@stint/core'
import type { Document } from 'mongodb'
import { codeOf, DUPLICATE_KEY, NOT_AN_OBJECT } from '../failures.js'
import { type SettingDocument, settingId, settingOf } from './read.js'
import { newNonce, type Step } from './step.js'

/** So many go at once, as far as they are of different names. */
const AT_ONCE = 8

/** Each alone, and those of one name one after the other. */
export async function configure(step: Step, writes: readonly SettingWrite[]): Promise<SettingResult[]> {
  await step.begin()
  const results: SettingResult[] = []
  for (let at = 0; at < writes.length; ) {
    const some = firstNames(writes.slice(at, at + AT_ONCE))
    step.point('setting')
    // All are over before one of them is told to have failed.
    const answers = await Promise.allSettled(
      some.map((write) => (write.value === null ? drop(step, write) : put(step, write))),
    )
    for (const answer of answers) {
      if (answer.status === 'rejected') throw answer.reason
      results.push(answer.value)
    }
    for (const [n, { kind, name, value }] of some.entries())
      if (value === null && kind === 'paused' && results[at + n]?.ok) step.wake(name)
    at += some.length
  }
  step.point('configured')
  return results
}

/** Up to the first that is about a name which stands before it. */
function firstNames(writes: readonly SettingWrite[]): readonly SettingWrite[] {
  const ids = writes.map(({ kind, name }) => settingId(kind, name))
  const end = ids.findIndex((id, n) => ids.indexOf(id) < n)
  return end < 0 ? writes : writes.slice(0, end)
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
        if (code === NOT_AN_OBJECT) throw session.late()
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
