/** The only door of `@stint/core/testing`: no test framework needed. */
export { assertEnqueued, refuteEnqueued } from './assert-enqueued.js'
export { drain } from './drain.js'
export { type RunReport, runJob } from './run-job.js'
export { type TestClock, testClock } from './test-clock.js'
