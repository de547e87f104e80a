/** Signatures of the API draft for packages that are not there yet, or that core's tests may not import. Declared only: nothing here runs. */
import type { JobQueue, Store, StoreOptions } from '@stint/core'

/** What is used of better-sqlite3's Database. */
export interface SqliteDatabase {
  readonly name: string
  readonly inTransaction: boolean
  // biome-ignore lint/suspicious/noExplicitAny: as the driver types it
  prepare(sql: string): any
  exec(sql: string): unknown
}
export declare function sqliteStore(
  options: ({ readonly path: string } | { readonly db: SqliteDatabase }) & StoreOptions,
): Store<SqliteDatabase, true>

/** A client inside a transaction. A pool is refused. */
export interface PgTransaction {
  // biome-ignore lint/suspicious/noExplicitAny: as the driver types it
  query(text: string, values?: any[]): Promise<{ rows: any[] }>
  readonly totalCount?: never
}
export interface PgPool {
  // biome-ignore lint/suspicious/noExplicitAny: as the driver types it
  connect(): Promise<any>
  // biome-ignore lint/suspicious/noExplicitAny: as the driver types it
  query(text: string, values?: any[]): Promise<{ rows: any[] }>
  readonly totalCount: number
}
export declare function postgresStore(
  options: ({ readonly url: string } | { readonly pool: PgPool }) & StoreOptions,
): Store<PgTransaction, false>

export declare function redisStore(
  options: ({ readonly url: string } | { readonly client: object }) & StoreOptions,
): Store<never, false>

export interface MongoSession {
  inTransaction(): boolean
  readonly hasEnded: boolean
}
export declare function mongoStore(
  options: ({ readonly url: string } | { readonly client: object } | { readonly db: object }) & StoreOptions,
): Store<MongoSession, false>

export interface HttpHandler extends AsyncDisposable {
  fetch(request: Request): Promise<Response>
}
export declare function createHttpHandler(queue: JobQueue): HttpHandler

/** The same verbs over HTTP, typed by the same definitions. */
export type JobClient = Pick<
  JobQueue,
  | 'enqueue'
  | 'enqueueMany'
  | 'get'
  | 'list'
  | 'count'
  | 'stats'
  | 'audit'
  | 'feed'
  | 'logs'
  | 'wait'
  | 'result'
  | 'cancel'
  | 'retry'
  | 'redrive'
  | 'reschedule'
  | 'reprioritise'
  | 'pause'
  | 'resume'
  | 'queues'
  | 'configure'
  | 'work'
  | 'claim'
  | 'lease'
  | 'close'
>
