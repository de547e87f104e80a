import type { AuditEvent } from '@stint/core'

const OVER: ReadonlySet<string> = new Set(['succeeded', 'failed', 'dead', 'cancelled'])

interface Seen {
  isOver: boolean
  completions: number
}

/** What the audit feed tells: every event of every run, of this process and of others. */
export class Tally {
  readonly #seen = new Map<string, Seen>()
  readonly #runStart: Date
  /** Where to go on reading. */
  cursor = 'start'
  /** Jobs that are over. */
  over = 0
  completedTwice = 0
  retries = 0
  leasesExpired = 0
  readonly thisRun = { jobs: 0, retries: 0, leasesExpired: 0 }
  /** The job whose trail is worth showing: one that outlived a lease, else one that was retried, else any. */
  exampleId: string | null = null
  #exampleRank = -1

  constructor(runStart: Date) {
    this.#runStart = runStart
  }

  get jobs(): number {
    return this.#seen.size
  }

  add(event: AuditEvent & { readonly cursor: string }): void {
    this.cursor = event.cursor
    const isOfThisRun = event.at >= this.#runStart
    const seen = this.#seen.get(event.jobId) ?? { isOver: false, completions: 0 }
    this.#seen.set(event.jobId, seen)
    const isOver = OVER.has(event.to)
    if (isOver !== seen.isOver) this.over += isOver ? 1 : -1
    seen.isOver = isOver
    if (isOver && isOfThisRun) this.thisRun.jobs++
    if (event.type === 'succeeded' && ++seen.completions === 2) this.completedTwice++
    if (event.type === 'failed' && event.to === 'queued') {
      this.retries++
      if (isOfThisRun) this.thisRun.retries++
    }
    if (event.type === 'lease_expired') {
      this.leasesExpired++
      if (isOfThisRun) this.thisRun.leasesExpired++
    }
    this.#considerAsExample(event)
  }

  #considerAsExample({ jobId, type, to }: AuditEvent): void {
    const rank = to !== 'queued' ? 0 : type === 'lease_expired' ? 2 : type === 'failed' ? 1 : 0
    if (rank <= this.#exampleRank) return
    this.#exampleRank = rank
    this.exampleId = jobId
  }
}
