/** Modules of `engine.processes` for the tests of the suite's own processes: what another process imports. */
import type { ConformanceOptions } from '../../../src/conformance/options.js'
import { memoryTableStore } from '../../../src/memory/memory-store.js'

export const conformance: ConformanceOptions = { name: 'memory', store: (_space, options) => memoryTableStore(options) }

/** A function of arguments that crossed as JSON. */
export const named = (name: string, { loud }: { loud: boolean }): ConformanceOptions => ({
  store: (space, options) =>
    Object.assign(memoryTableStore(options), { name: `${name} in ${space}${loud ? '!' : ''}` }),
})

export const broken = (): ConformanceOptions => {
  process.stderr.write('the disk is on fire\n')
  throw new Error('no store today')
}

/** Dies while it is asked for its store. */
export const dying = (): ConformanceOptions => {
  process.stderr.write('goodbye\n')
  process.exit(3)
}
