import type { Ms, StintError } from '@stint/core'
import type { ClientSession, Db, Document, IndexDescription } from 'mongodb'
import type { EngineClock, WriteBudget } from '../connection.js'
import { failedBehind, failureOf, late, unknown } from '../failures.js'

export type Collection = 'jobs' | 'events' | 'meta'

/** A statement of the server's `update`. */
export interface Statement {
  readonly q: Document
  readonly u: Document | readonly Document[]
  readonly upsert?: boolean
  readonly multi?: boolean
}

export interface WriteError {
  readonly index: number
  readonly code: number
  readonly errmsg: string
  readonly keyPattern?: Document
}

/** What an `update` tells: totals, and by name only what it inserted or what failed. */
export interface Updated {
  readonly n: number
  readonly upserted: readonly number[]
  readonly errors: readonly WriteError[]
}

/** As the user's client may have other habits. */
const PLAIN = {
  ignoreUndefined: true,
  promoteLongs: true,
  promoteValues: true,
  promoteBuffers: false,
  useBigInt64: false,
  readPreference: 'primary',
} as const

export const CONCERN = { w: 'majority', j: true } as const

export interface Scope {
  readonly db: Db
  readonly prefix: string
  readonly budget: WriteBudget
  /** The user's transaction. */
  readonly tx: ClientSession | null
  /** Users may have transactions open: on a replica set. */
  readonly meetsTransactions: boolean
  /** A test's clock, read once. */
  readonly clock: Ms | null
  readonly engine: EngineClock
}

/** What one call says to the server. */
export class Session {
  readonly scope: Scope
  /** Something of the call was written, whatever fails behind it. */
  hasWritten = false

  constructor(scope: Scope) {
    this.scope = scope
  }

  get isInTx(): boolean {
    return this.scope.tx !== null
  }

  get budget(): WriteBudget {
    return this.scope.budget
  }

  /** At once, but for a transaction, whose session takes one at a time. */
  async all<T extends readonly (() => Promise<unknown>)[]>(
    works: T,
  ): Promise<{ [K in keyof T]: Awaited<ReturnType<T[K]>> }> {
    type Answers = { [K in keyof T]: Awaited<ReturnType<T[K]>> }
    if (!this.isInTx) return (await Promise.all(works.map((work) => work()))) as Answers
    const answers: unknown[] = []
    for (const work of works) answers.push(await work())
    return answers as Answers
  }

  find<T = Document>(from: Collection, filter: Document, options: FindShape = {}): Promise<T[]> {
    const { sort, limit, projection, hint, majority = false } = options
    return this.#read<T>(() =>
      this.#collection(from)
        .find(filter, {
          ...this.#reading(majority),
          ...(sort && { sort }),
          ...(limit !== undefined && { limit }),
          ...(projection && { projection }),
          ...(hint !== undefined && { hint }),
          batchSize: 2000,
        })
        .toArray(),
    )
  }

  aggregate<T = Document>(
    from: Collection,
    pipeline: Document[],
    { hint, majority = false }: FindShape = {},
  ): Promise<T[]> {
    return this.#read<T>(() =>
      this.#collection(from)
        .aggregate(pipeline, { ...this.#reading(majority), ...(hint !== undefined && { hint }), batchSize: 2000 })
        .toArray(),
    )
  }

  distinct(from: Collection, field: string, filter: Document): Promise<string[]> {
    return this.#read<string>(() => this.#collection(from).distinct(field, filter, this.#reading(false)))
  }

  /** Unordered: no item's fate hangs on its neighbour's (BATCH-2). */
  async update(to: Collection, updates: readonly Statement[]): Promise<Updated> {
    if (updates.length === 0) return { n: 0, upserted: [], errors: [] }
    const reply = await this.#write({ update: this.nameOf(to), updates, ordered: false })
    const upserted = ((reply['upserted'] ?? []) as { index: number }[]).map(({ index }) => index)
    return { n: reply['n'] as number, upserted, errors: (reply['writeErrors'] ?? []) as WriteError[] }
  }

  async insert(to: Collection, documents: readonly object[]): Promise<readonly WriteError[]> {
    if (documents.length === 0) return []
    const reply = await this.#write({ insert: this.nameOf(to), documents, ordered: false })
    return (reply['writeErrors'] ?? []) as WriteError[]
  }

  async delete(from: Collection, filter: Document): Promise<void> {
    await this.#write({ delete: this.nameOf(from), deletes: [{ q: filter, limit: 0 }] })
  }

  /** The document after the write, or the one that was removed; null: none matched. */
  async modify<T = Document>(to: Collection, command: Document): Promise<T | null> {
    const reply = await this.#write({ findAndModify: this.nameOf(to), ...command })
    return (reply['value'] ?? null) as T | null
  }

  async createIndexes(on: Collection, indexes: readonly IndexDescription[]): Promise<void> {
    await this.#ask(
      this.scope.db.command({ createIndexes: this.nameOf(on), indexes, writeConcern: CONCERN }, PLAIN),
      'the making of indexes',
    )
  }

  /** The part of a filter that refuses a write which comes to the server behind the deadline (FAULT-5). */
  inTime(): Document {
    const until = this.#notAfter
    return until === null ? {} : { $expr: { $lte: ['$$NOW', new Date(until)] } }
  }

  /** The same for a pipeline that inserts: the server refuses null as a document. */
  elseLate(document: unknown): Document {
    const until = this.#notAfter
    return {
      $replaceWith: until === null ? document : { $cond: [{ $gt: ['$$NOW', new Date(until)] }, null, document] },
    }
  }

  /** Between two tries of a loop. */
  mustHaveTime(): void {
    if (!this.budget.isSpent) return
    throw this.hasWritten ? failedBehind(this.late()) : this.late()
  }

  get #notAfter(): Ms | null {
    return this.isInTx ? null : this.scope.engine.notAfter(this.budget)
  }

  /** The server refused a write as late; or its clock was set, so it is asked again. */
  late(): StintError<'STORE_UNAVAILABLE'> {
    this.scope.engine.forget()
    return late()
  }

  #collection(of: Collection) {
    return this.scope.db.collection(this.nameOf(of))
  }

  nameOf(of: Collection): string {
    return this.scope.prefix + of
  }

  #reading(majority: boolean) {
    const { tx } = this.scope
    const maxTimeMS = this.#maxTime()
    return tx !== null
      ? { ...PLAIN, session: tx, maxTimeMS }
      : { ...PLAIN, maxTimeMS, readConcern: { level: majority ? ('majority' as const) : ('local' as const) } }
  }

  #maxTime(): number {
    return Math.max(1, Math.floor(this.budget.left))
  }

  async #read<T>(work: () => Promise<unknown[]>): Promise<T[]> {
    try {
      return (await this.#ask(work(), 'a read')) as T[]
    } catch (error) {
      if (this.isInTx) throw error
      throw this.hasWritten ? failedBehind(failureOf(error, false)) : failureOf(error, false)
    }
  }

  async #write(command: Document): Promise<Document> {
    const { tx, db } = this.scope
    if (tx !== null) {
      const reply = await this.#ask(db.command(command, { ...PLAIN, session: tx }), 'a write')
      const [error] = (reply['writeErrors'] ?? []) as WriteError[]
      if (error !== undefined) throw Object.assign(new Error(error.errmsg), { code: error.code })
      return reply
    }
    const maxTimeMS = this.budget.writesTake
    try {
      const reply = await this.#ask(db.command({ ...command, writeConcern: CONCERN, maxTimeMS }, PLAIN), 'a write')
      const doubt = reply['writeConcernError'] as { errmsg?: string } | undefined
      if (doubt !== undefined)
        throw unknown(`The write was not confirmed by a majority (${doubt.errmsg}). A repeat is safe.`, doubt)
      // `findAndModify` tells it inside.
      if ((reply['n'] ?? reply['lastErrorObject']?.n ?? 0) > 0) this.hasWritten = true
      return reply
    } catch (error) {
      const failure = failureOf(error, true)
      throw this.hasWritten ? failedBehind(failure) : failure
    }
  }

  /** Ends at the deadline, whatever is under way. */
  async #ask<T>(answer: Promise<T>, what: string): Promise<T> {
    answer.catch(() => {})
    const end = Promise.withResolvers<never>()
    end.promise.catch(() => {})
    const timer = setTimeout(
      () => end.reject(new Error(`MongoDB did not answer ${what} within the deadline`)),
      Math.max(1, this.budget.left),
    )
    try {
      return await Promise.race([answer, end.promise])
    } finally {
      clearTimeout(timer)
    }
  }
}

export interface FindShape {
  readonly sort?: Record<string, 1 | -1>
  readonly limit?: number
  readonly projection?: Document
  readonly hint?: string
  /** What a majority has: for what is answered. Without: the newest, for what is judged again at the write. */
  readonly majority?: boolean
}
