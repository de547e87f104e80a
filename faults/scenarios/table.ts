import type { Scenario } from '../scenario.ts'
import { busyFile } from './busy-file.ts'
import { wrongClocks } from './clocks.ts'
import { cuts } from './cuts.ts'
import { fullDisk, fullMemory } from './full.ts'
import { listenersDropped } from './listeners.ts'
import { serverKilled, serverStopped } from './servers.ts'
import { blackHole, slowWire } from './silence.ts'
import { startInOutage } from './start-in-outage.ts'
import { twoSweeps } from './two-sweeps.ts'
import { workerStopped, workersKilled } from './workers.ts'

/** All of them, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  ...cuts,
  blackHole,
  startInOutage,
  slowWire,
  serverKilled,
  serverStopped,
  workersKilled,
  workerStopped,
  twoSweeps,
  wrongClocks,
  listenersDropped,
  busyFile,
  fullMemory,
  fullDisk,
]
