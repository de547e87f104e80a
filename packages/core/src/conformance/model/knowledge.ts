/** What a run has read so far, and commands turned into calls by it. */
import type { JobRecord, State } from '../../record.js'
import type { Beat, Change, Claim, ClaimFrom, NewJob } from '../../store.js'
import { TERMINAL_STATES, TRANSITIONS } from '../../transitions.js'
import {
  cancel,
  edit,
  expireTo,
  failTo,
  heartbeatTold,
  progressTold,
  release,
  reprioritise,
  reschedule,
  retry,
  snooze,
  start,
  succeed,
  trackFail,
  trackProgress,
  trackStart,
  trackSucceed,
} from '../stage/commands.js'
import { draft, newJob } from '../stage/fixtures.js'
import { type Answer, type Call, lookOf, shownIn } from './call.js'
import {
  type Ago,
  type Aim,
  type BeatItem,
  type ChangeItem,
  type ChangeMove,
  type ClaimItem,
  type Command,
  type Handle,
  type InsertItem,
  type Item,
  JOBS,
  type JobName,
} from './command.js'

interface Sent {
  readonly job: JobRecord
  readonly token: string
  readonly way: number
}

const one = <T>(choices: readonly T[], way: number): T => choices[way % choices.length] as T

/** What each command of the table sends. A new row of the table has to be named here. */
const SENT: Readonly<Record<ChangeMove, (sent: Sent) => Change>> = {
  start: ({ job, token }) => start(job, token),
  heartbeat: ({ job, token }) => heartbeatTold(job, token),
  progress: ({ job, token }) => progressTold(job, token),
  succeed: ({ job, token, way }) => succeed(job, token, `"done ${way}"`),
  fail: ({ job, token, way }) => failTo(one(TRANSITIONS.fail.to, way), job, token),
  snooze: ({ job, token, way }) => snooze(job, token, one([0, 5, 60_000], way)),
  release: ({ job, token }) => release(job, token),
  expire: ({ job, token, way }) => expireTo(one(TRANSITIONS.expire.to, way), job, token),
  cancel: ({ job }) => cancel(job),
  retry: ({ job }) => retry(job),
  reschedule: ({ job, way }) => reschedule(job, one([0, 5, 90_000], way)),
  reprioritise: ({ job, way }) => reprioritise(job, one([0, 50, 100], way)),
  edit: ({ job }) => edit(job),
  trackStart: ({ job }) => trackStart(job),
  trackProgress: ({ job }) => trackProgress(job),
  trackSucceed: ({ job }) => trackSucceed(job),
  trackFail: ({ job }) => trackFail(job),
}

/** A job that nobody has read yet: its id is known all the same, as a caller may know one. */
const unread = (id: string): JobRecord => ({ ...newJob({ id }), version: 1, attempt: 0, lease: null }) as never

export class Knowledge {
  /** Begins every name of the run, so that runs in one space do not meet. */
  readonly prefix: string
  /** Where the run's reading of the feed stands. */
  cursor = 'start'
  readonly #readings = new Map<string, JobRecord[]>()
  readonly #states = new Map<string, State>()
  readonly #claims: Claim[] = []

  constructor(prefix: string) {
    this.prefix = prefix
  }

  id = (job: JobName): string => `${this.prefix}-${job}`
  lane = (lane: string): string => `${this.prefix}-${lane}`
  get ids(): string[] {
    return JOBS.map(this.id)
  }

  // ---- what was read ------------------------------------------------------------------------------------------------

  see(call: Call, answer: Answer): void {
    for (const job of shownIn(answer)) this.#see(job)
    if (call.method === 'get all' && answer.method === 'get all')
      for (const [n, id] of call.ids.entries()) if (!answer.jobs[n]) this.#states.delete(id)
    if (answer.method === 'feed') this.cursor = answer.cursor
  }

  #see(job: JobRecord): void {
    const readings = this.#readings.get(job.id) ?? []
    this.#readings.set(job.id, readings)
    this.#states.set(job.id, job.state)
    const last = readings.at(-1)
    if (last?.version !== job.version || last.createdAt !== job.createdAt) readings.push(job)
  }

  #read(id: string, ago: Ago): JobRecord {
    const readings = this.#readings.get(id) ?? []
    return readings.at(-1 - ago) ?? readings[0] ?? unread(id)
  }

  /** Distinct tokens seen on the job, the newest last. */
  #tokens(id: string): string[] {
    return [...new Set((this.#readings.get(id) ?? []).flatMap(({ lease }) => lease?.token ?? []))]
  }

  /** Under a token the attempt is frozen, so the newest record that shows the token tells it. */
  #under(id: string, token: string): JobRecord {
    const shown = (this.#readings.get(id) ?? []).filter(({ lease }) => lease?.token === token)
    return shown.at(-1) ?? this.#read(id, 0)
  }

  #circle(job: JobName): string[] {
    const from = JOBS.indexOf(job)
    return [...JOBS.slice(from), ...JOBS.slice(0, from)].map(this.id)
  }

  #aimed({ job, mayIn }: Aim): string {
    const found = this.#circle(job).find((id) => mayIn?.some((state) => state === this.#states.get(id)))
    return found ?? this.id(job)
  }

  // ---- from a command to a call -------------------------------------------------------------------------------------

  /** null: nothing is left of the command, since no id may stand twice in a batch. */
  callOf(command: Command, handle: Handle): Call | null {
    switch (command.do) {
      case 'exchange':
        return this.#exchange(command.items, handle)
      case 'remove': {
        const jobs = command.jobs.map(({ aim, ago }) => this.#read(this.#aimed(aim), ago))
        const distinct = new Map(jobs.map(({ id, version }) => [id, { id, version }]))
        return { method: 'remove', jobs: [...distinct.values()] }
      }
      case 'pause': {
        const value = command.isOn ? `{"by":"${handle}"}` : null
        const write = { kind: 'paused', name: this.lane(command.lane), value }
        return {
          method: 'configure',
          write: command.ifVersion === null ? write : { ...write, ifVersion: command.ifVersion },
        }
      }
      case 'get':
        return { method: 'get', ref: this.id(command.job) }
      case 'get by key':
        return { method: 'get', ref: { queue: this.lane(command.lane), key: command.key } }
      case 'look':
        return lookOf(command.at, this.ids, this.lane('x'), this.cursor)
    }
  }

  #exchange(items: readonly Item[], handle: Handle): Call | null {
    const batch = { inserts: [] as NewJob[], changes: [] as Change[], beats: [] as Beat[], claims: [] as Claim[] }
    const moves: ChangeMove[] = []
    const named = new Set<string>()
    const isFirst = ({ id }: { id: string }): boolean => !named.has(id) && named.add(id).size > 0
    for (const item of items) {
      switch (item.item) {
        case 'insert':
          batch.inserts.push(...[this.#insert(item, named)].filter(isFirst))
          break
        case 'change': {
          const change = this.#change(item)
          if (!isFirst(change)) break
          batch.changes.push(change)
          moves.push(item.move)
          break
        }
        case 'beat':
          batch.beats.push(...[this.#beat(item)].filter(isFirst))
          break
        case 'claim':
          batch.claims.push(this.#claim(item, handle))
          break
        case 'again':
          batch.claims.push(...this.#again(item.ago))
          break
      }
    }
    const isEmpty = Object.values(batch).every((part) => part.length === 0)
    return isEmpty ? null : { method: 'exchange', batch, moves }
  }

  #insert(
    { move, job, lane, key, isFresh, isRival, item: _, ...given }: InsertItem,
    named: ReadonlySet<string>,
  ): NewJob {
    const fresh = isFresh ? this.#circle(job).find((id) => !this.#states.has(id) && !named.has(id)) : undefined
    return newJob({
      ...given,
      id: fresh ?? this.id(job),
      ...((isRival ? this.#ended(job) : null) ?? { queue: this.lane(lane), key }),
      state: move === 'track' ? 'waiting' : 'queued',
      event: draft(TRANSITIONS[move].event, { actor: given.payload === null ? 'ada' : null }),
    })
  }

  #ended(job: JobName): { queue: string; key: string } | null {
    const ended = this.#circle(job).filter((id) => TERMINAL_STATES.some((state) => state === this.#states.get(id)))
    const [found] = ended.flatMap((id) => {
      const { queue, key } = this.#read(id, 0)
      return key === null ? [] : { queue, key }
    })
    return found ?? null
  }

  #change({ move, aim, ago, tokenOf, way, returning }: ChangeItem): Change {
    const id = this.#aimed(aim)
    const isHolders = TRANSITIONS[move].by === 'holder' || TRANSITIONS[move].by === 'sweep'
    const token = isHolders ? this.#token(id, ago, tokenOf) : ''
    const job = isHolders ? this.#under(id, token) : this.#read(id, ago)
    return { ...SENT[move]({ job, token, way }), returning }
  }

  #token(id: string, ago: Ago, tokenOf: JobName | null): string {
    const tokens = this.#tokens(tokenOf ? this.id(tokenOf) : id)
    return tokens.at(-1 - ago) ?? `${this.prefix}-token-of-nobody`
  }

  #beat({ aim, ago, tokenOf, leaseMs, field, text, returning }: BeatItem): Beat {
    const id = this.#aimed(aim)
    const token = this.#token(id, ago, tokenOf)
    return { id, token, ...(leaseMs !== null && { leaseMs }), ...(field && { [field]: String(text) }), returning }
  }

  #claim({ to, max, leaseMs, from }: ClaimItem, handle: Handle): Claim {
    const entries = from.map((entry): ClaimFrom => {
      if ('jobs' in entry) return { ids: entry.jobs.map(this.id) }
      const { lane, types, limit } = entry
      return types === null ? { queue: this.lane(lane), limit } : { queue: this.lane(lane), types, limit }
    })
    const token = `${this.prefix}-token-${this.#claims.length + 1}`
    const claim: Claim = {
      token,
      workerId: `worker-${handle}`,
      leaseMs,
      to,
      max,
      event: draft('leased'),
      from: entries,
    }
    this.#claims.push(claim)
    return claim
  }

  /** Word for word as it was sent before: only so is a claim recognised. */
  #again(ago: Ago): Claim[] {
    const sent = this.#claims.at(-1 - ago)
    return sent ? [{ ...sent, again: true }] : []
  }
}
