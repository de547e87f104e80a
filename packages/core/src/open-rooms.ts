/**
 * The rooms that run only on an open store, behind one door: whoever reads, waits, operates and cleans up. The queue loads them while its store
 * opens, so that importing core costs what making and working jobs takes.
 */
export { feed } from './feed.js'
export { count, list } from './list-jobs.js'
export { cancel, redrive, reprioritise, reschedule, retry } from './operate.js'
export { configure, pause, queues, resume, writeSettings } from './operate-lanes.js'
export { audit, get, logs, stats } from './read-jobs.js'
export { Retention } from './retention.js'
export { result, wait } from './wait.js'
export { Watch } from './watch.js'
