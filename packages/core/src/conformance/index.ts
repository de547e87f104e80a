/** The door of `@stint/core/conformance`: the suite that proves a store, for a test runner or without one. */
export { CLAUSES, type Clause } from './clauses.js'
export type { BrokenClause, Failure } from './failure.js'
export { checkInvariants } from './invariants.js'
export type { ConformanceOptions, EngineHooks, OverGiven, ProcessHook, UserTransaction } from './options.js'
export {
  type CaseOutcome,
  type CaseReport,
  type ConformanceReport,
  runConformance,
  storeConformance,
  type TestRunner,
} from './suite.js'
