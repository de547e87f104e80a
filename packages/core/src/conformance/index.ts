/** The door of `@stint/core/conformance`: the suite that proves a store, for a test runner or without one. */
export { CLAUSES, type Clause } from './clauses.js'
export { type CostReport, type CostRow, type Costs, type Counted, costText, measureCost } from './cost/index.js'
export type { BrokenClause, Failure } from './failure/failure.js'
export type { ConformanceOptions, EngineHooks, OverGiven, ProcessHook, UserTransaction } from './options.js'
export type { ClauseReport } from './report/by-clause.js'
export type { JsonReport } from './report/json.js'
export type { Stray } from './report/stray.js'
export { checkInvariants } from './stage/invariants.js'
export type { Remembered, RunOfJob } from './stage/remembered.js'
export {
  type CaseOutcome,
  type CaseReport,
  type ConformanceReport,
  runConformance,
  storeConformance,
  type TestRunner,
} from './suite.js'
