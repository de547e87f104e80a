/** The only door of `@stint/core`. */

// ---- what an application is written with ------------------------------------------------------------------------------------
export type { AuditEvent, AuditEventType, FeedEvent } from './audit-event.js'
export type { Backoff } from './backoff.js'
// ---- the contract, as types; what a store is written with is `@stint/core/store` --------------------------------------------------
export type { Capabilities } from './capabilities.js'
export type { Clock } from './clock.js'
export {
  type AnyJobDefinition,
  type DefineJobOptions,
  defineJob,
  type JobDefinition,
  type PayloadInputOf,
  type PayloadOf,
  type ResultOf,
} from './define.js'
export type { Duration } from './duration.js'
export type { Enqueued, EnqueueItem, EnqueueOptions, PayloadArgs } from './enqueue-options.js'
export { isStintError, JobError, StintError, type StintErrorCode, type StintErrorDetails } from './errors.js'
export type { FeedOptions } from './feed.js'
export {
  type AbortCode,
  type AnyJobHandler,
  type BatchOptions,
  handle,
  handleBatch,
  type JobContext,
  type JobHandler,
  type JobSignal,
  type Returned,
} from './handler.js'
export type { FailOptions, Hold, LeasedHold, Settled } from './hold.js'
export {
  type EnqueuedJob,
  type FinishedJob,
  type FinishedState,
  isJobOf,
  type Job,
  type JobFailure,
  type JobState,
  type LogLine,
} from './job.js'
export type { Json } from './json.js'
export type { QueueInfo, QueueSettings } from './lanes.js'
export type { HeartbeatOptions, Lease, LeaseHandle } from './lease.js'
export type { JobFilter, JobPage, ListOptions } from './list-jobs.js'
export type { QueueEvents } from './local-events.js'
export type { Logger } from './logger.js'
export type { JobQueueOptions } from './make-runtime.js'
export { memoryStore } from './memory/late-memory-store.js'
export type { QueueMetrics } from './metrics.js'
export { openStore } from './open-store.js'
export type { ActionOptions, RedriveFilter } from './operate.js'
export type { JobPolicy } from './policy.js'
export type { ClaimOptions } from './pull.js'
export { JobQueue } from './queue.js'
export type { QueueStats } from './read-jobs.js'
export type {
  Cursor,
  EventRecord,
  JobRecord,
  JsonText,
  LeaseRecord,
  Live,
  Ms,
  State,
  Terminal,
  When,
} from './record.js'
export {
  type InferInput,
  type InferOutput,
  type SchemaAnswer,
  type SchemaIssue,
  type StandardSchema,
  unchecked,
} from './schema.js'
export { newJobId } from './seam.js'
export type {
  Batch,
  BatchResult,
  Beat,
  CallOptions,
  Change,
  ChangeResult,
  Claim,
  ClaimFrom,
  ClaimResult,
  ClaimWalk,
  Count,
  EventDraft,
  EventsQuery,
  FeedPage,
  FeedQuery,
  FinishedWalk,
  Guard,
  Hint,
  IdWalk,
  InsertResult,
  JobRef,
  LeaseWalk,
  ListPage,
  ListQuery,
  NewJob,
  Patch,
  Removal,
  Restored,
  Setting,
  SettingResult,
  SettingWrite,
  Store,
  StoreOptions,
} from './store.js'
export type { StoreAdapter, StoreAdapters } from './store-from-url.js'
export type { AttemptTrace } from './telemetry.js'
export type { TrackedJob, TrackOptions } from './tracked-job.js'
export type { SyncTxQueue, TxQueue } from './tx-queue.js'
export type { WaitOptions } from './wait.js'
export type { StopOptions, Worker, WorkOptions } from './worker.js'
