import { merged, type QueueInfo, type QueueSettings, type StoredSettings, storable } from './lanes.js'
import { checkName } from './names.js'
import { type ActionOptions, actionOf } from './operate.js'
import type { Runtime } from './runtime.js'
import { contended } from './settle.js'
import type { Setting, Store } from './store.js'

const MOST_TRIES = 20

/** Claims that begin afterwards take nothing from the lane, until it is resumed. Everything else goes on. */
export async function pause(rt: Runtime, queue: string, options?: ActionOptions): Promise<void> {
  const { actor, reason } = actionOf(rt, options)
  const value = JSON.stringify({ actor, reason })
  await rt.door.call((store) => store.configure([{ kind: 'paused', name: checkName(queue, 'queue'), value }]))
}

export async function resume(rt: Runtime, queue: string, options?: ActionOptions): Promise<void> {
  actionOf(rt, options)
  await rt.door.call((store) => store.configure([{ kind: 'paused', name: checkName(queue, 'queue'), value: null }]))
}

/** Only given fields change; the last writer wins. */
export async function configure(
  rt: Runtime,
  queue: string,
  settings: QueueSettings,
  options?: ActionOptions,
): Promise<QueueInfo> {
  const { actor, reason } = actionOf(rt, options)
  const given = { ...storable(settings), ...(actor !== null && { actor }), ...(reason !== null && { reason }) }
  // What it answers with is newer than any read that is under way.
  rt.lanes.take(await rt.door.call((store) => writeSettings(store, { [checkName(queue, 'queue')]: given })))
  const info = (await queues(rt)).find((one) => one.name === queue)
  return info ?? { name: queue, paused: false, settings: {} }
}

/** Each lane's fields over those in the store, again while others write. What would change nothing is not written. */
export async function writeSettings(
  store: Pick<Store, 'settings' | 'configure'>,
  given: { readonly [queue: string]: StoredSettings },
): Promise<Setting[]> {
  for (let tries = 0; ; tries++) {
    const current = await store.settings('queue')
    const writes = Object.entries(given).flatMap(
      ([queue, fields]) =>
        merged(
          current.find((one) => one.name === queue),
          queue,
          fields,
        ) ?? [],
    )
    if (writes.length === 0) return current
    const answers = await store.configure(writes)
    if (answers.every((answer) => answer.ok)) return store.settings('queue')
    if (tries >= MOST_TRIES) throw contended('The settings of the queues', MOST_TRIES)
  }
}

/** Every lane that has jobs, settings or a pause, by name. */
export async function queues(rt: Runtime): Promise<readonly QueueInfo[]> {
  const [counts, settings, paused] = await rt.door.call((store) =>
    Promise.all([store.stats(), store.settings('queue'), store.settings('paused')]),
  )
  const names = new Set([
    ...counts.filter((one) => one.count > 0).map((one) => one.queue),
    ...settings.map((one) => one.name),
    ...paused.map((one) => one.name),
  ])
  return Object.freeze(
    [...names].sort().map((name) =>
      Object.freeze({
        name,
        paused: paused.some((one) => one.name === name),
        settings: Object.freeze(shown(settings.find((one) => one.name === name))),
      }),
    ),
  )
}

function shown(setting: Setting | undefined): QueueSettings {
  if (!setting) return {}
  const { actor: _actor, reason: _reason, ...settings } = JSON.parse(setting.value) as StoredSettings
  return settings
}
