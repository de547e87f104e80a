import { fact, type StoreCase } from '../case.js'
import { NEEDS, type Need } from '../needs.js'
import type { Stage } from '../stage/stage.js'

/** A case that starts processes: that takes its time, above all on few cores. */
export const long = (name: string, run: (stage: Stage) => Promise<void>, need: Need = NEEDS.sharing): StoreCase => ({
  ...fact(name, run, NEEDS.processes, need),
  isLong: true,
})
