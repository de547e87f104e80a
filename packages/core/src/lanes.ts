import { type Duration, toMs } from './duration.js'
import { DEFAULT_MAX_LOG_BYTES } from './log-text.js'
import { checkName, checkWhole } from './names.js'
import type { Terminal } from './record.js'
import type { Setting, SettingWrite } from './store.js'
import type { StoreDoor } from './store-door.js'
import { TERMINAL_STATES } from './transitions.js'

/** A lane's settings: kept in the store (kind `queue`), enforced by core, the same for every process; only given fields change, the last writer wins. */
export interface QueueSettings {
  /** `enqueue` answers `QUEUE_FULL` when this many are queued (later ones included). Exact within a process; several may overshoot meanwhile. Default none. */
  readonly maxQueued?: number | null | undefined
  /** How long finished jobs stay. Default 30 days; `failed` and `dead` 90. */
  readonly retention?: Duration | { readonly [State in Terminal]?: Duration | undefined } | undefined
  /** Most finished jobs kept; the oldest go as others finish. Default none. */
  readonly maxFinished?: number | null | undefined
  /** Default 64 KiB. At most 256 KiB. */
  readonly maxLogBytes?: number | undefined
  /** Also write `heartbeat` and `progressed` events. Default false. */
  readonly auditHeartbeats?: boolean | undefined
}

export interface QueueInfo {
  readonly name: string
  readonly paused: boolean
  readonly settings: QueueSettings
}

/** Settings after all defaults. */
export interface Lane {
  readonly maxQueued: number | null
  readonly retentionMs: Readonly<Record<Terminal, number>>
  readonly maxFinished: number | null
  readonly maxLogBytes: number
  readonly auditHeartbeats: boolean
}

const DAY_MS = 86_400_000
const RETENTION_MS: Lane['retentionMs'] = {
  succeeded: 30 * DAY_MS,
  failed: 90 * DAY_MS,
  dead: 90 * DAY_MS,
  cancelled: 30 * DAY_MS,
}
export const DEFAULT_LANE: Lane = Object.freeze({
  maxQueued: null,
  retentionMs: Object.freeze(RETENTION_MS),
  maxFinished: null,
  maxLogBytes: DEFAULT_MAX_LOG_BYTES,
  auditHeartbeats: false,
})

/** What another process configures is seen here at the latest after this long. */
const FRESH_MS = 5000
const MOST_LOG_BYTES = 262_144

/** The settings of the lanes, read from the store and kept at hand, so that a hot path asks without waiting. */
export class Lanes {
  readonly #door: StoreDoor
  readonly #trouble: (error: unknown, doing: string) => void
  #lanes: ReadonlyMap<string, Lane> = new Map()
  #readAt = Number.NEGATIVE_INFINITY
  #triedAt = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | null = null
  /** How often settings came; those of a read that began before the last ones are older. */
  #times = 0

  constructor(door: StoreDoor, trouble: (error: unknown, doing: string) => void) {
    this.#door = door
    this.#trouble = trouble
  }

  /** As last read; what is old is read again behind the caller's back. */
  get(queue: string): Lane {
    if (this.#door.isOpen && this.#door.seam.monotonic() - this.#triedAt > FRESH_MS) {
      this.refresh().catch((error: unknown) => this.#trouble(error, 'reading the settings of queues'))
    }
    return this.#lanes.get(queue) ?? DEFAULT_LANE
  }

  /** null: fresh enough. Else resolves when they are: for who decides by them after a long silence, when `get` would answer with the past. */
  ready(): Promise<void> | null {
    return this.#reading ?? (this.#door.seam.monotonic() - this.#readAt > FRESH_MS ? this.refresh() : null)
  }

  /** Lanes with settings of their own. */
  get configured(): ReadonlyMap<string, Lane> {
    return this.#lanes
  }

  /** Whether any lane wants an event for each heartbeat and progress. */
  get someAudit(): boolean {
    for (const lane of this.#lanes.values()) if (lane.auditHeartbeats) return true
    return false
  }

  refresh(): Promise<void> {
    this.#triedAt = this.#door.seam.monotonic()
    const times = this.#times
    this.#reading ??= this.#door
      .call((store) => store.settings('queue'))
      .then((settings) => {
        if (this.#times === times) this.take(settings)
      })
      .finally(() => {
        this.#reading = null
      })
    return this.#reading
  }

  take(settings: readonly Setting[]): void {
    this.#times++
    this.#readAt = this.#door.seam.monotonic()
    this.#triedAt = this.#readAt
    this.#lanes = new Map(
      settings.map((setting) => [setting.name, laneOf(JSON.parse(setting.value) as StoredSettings)]),
    )
  }
}

/** Durations as milliseconds, and who set it last and why. */
export interface StoredSettings {
  readonly maxQueued?: number | null
  readonly retention?: number | Partial<Record<Terminal, number>>
  readonly maxFinished?: number | null
  readonly maxLogBytes?: number
  readonly auditHeartbeats?: boolean
  readonly actor?: string
  readonly reason?: string
}

/** Checked, with durations as milliseconds: a `TypeError` names the field. */
export function storable(given: QueueSettings): StoredSettings {
  const count = (value: number | null | undefined, what: string): number | null =>
    value === null || value === undefined ? null : checkWhole(value, 0, Number.MAX_SAFE_INTEGER, what)
  return {
    ...(given.maxQueued !== undefined && { maxQueued: count(given.maxQueued, 'maxQueued') }),
    ...(given.retention !== undefined && { retention: retention(given.retention) }),
    ...(given.maxFinished !== undefined && { maxFinished: count(given.maxFinished, 'maxFinished') }),
    ...(given.maxLogBytes !== undefined && {
      maxLogBytes: checkWhole(given.maxLogBytes, 0, MOST_LOG_BYTES, 'maxLogBytes'),
    }),
    ...(given.auditHeartbeats !== undefined && { auditHeartbeats: given.auditHeartbeats === true }),
  }
}

function retention(given: NonNullable<QueueSettings['retention']>): number | Partial<Record<Terminal, number>> {
  if (typeof given !== 'object') return toMs(given, 'retention')
  const byState: Partial<Record<Terminal, number>> = {}
  for (const [state, kept] of Object.entries(given)) {
    if (!(TERMINAL_STATES as readonly string[]).includes(state)) {
      throw new TypeError(`retention: expected finished states (${TERMINAL_STATES.join(', ')}), got "${state}"`)
    }
    if (kept !== undefined) byState[state as Terminal] = toMs(kept, `retention.${state}`)
  }
  return byState
}

function laneOf(stored: StoredSettings): Lane {
  const { retention: kept } = stored
  return {
    maxQueued: stored.maxQueued ?? null,
    retentionMs:
      typeof kept === 'number'
        ? { succeeded: kept, failed: kept, dead: kept, cancelled: kept }
        : { ...RETENTION_MS, ...(kept ?? {}) },
    maxFinished: stored.maxFinished ?? null,
    maxLogBytes: stored.maxLogBytes ?? DEFAULT_MAX_LOG_BYTES,
    auditHeartbeats: stored.auditHeartbeats ?? false,
  }
}

/** The given fields over those that are there; null where nothing would change. Actor and reason are those of this change, not of one before. */
export function merged(current: Setting | undefined, queue: string, given: StoredSettings): SettingWrite | null {
  const { actor: _was, reason: _why, ...before } = current ? (JSON.parse(current.value) as StoredSettings) : {}
  const { actor, reason, ...fields } = given
  const byState = typeof before.retention === 'object' && typeof fields.retention === 'object'
  const after = {
    ...before,
    ...fields,
    ...(byState && { retention: { ...(before.retention as object), ...(fields.retention as object) } }),
  }
  const isSame = JSON.stringify(after) === JSON.stringify(before)
  if (isSame && actor === undefined && reason === undefined) return null
  const value = JSON.stringify({
    ...after,
    ...(actor !== undefined && { actor }),
    ...(reason !== undefined && { reason }),
  })
  if (value === current?.value) return null
  return { kind: 'queue', name: checkName(queue, 'queue'), value, ifVersion: current?.version ?? 0 }
}
