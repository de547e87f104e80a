import { cpus, loadavg, totalmem } from 'node:os'

export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly memoryGb: number
  readonly node: string
  /** Of the last minute, before the run began. */
  readonly loadBefore: number
}

export function thisMachine(): Machine {
  const all = cpus()
  return {
    cores: all.length,
    cpu: all[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    loadBefore: loadavg()[0] ?? 0,
  }
}

/** null: nothing speaks against measuring. */
export function warningOf({ cores, loadBefore }: Machine): string | null {
  if (loadBefore <= cores) return null
  return `This machine is busy: its load is ${loadBefore.toFixed(1)} on ${cores} cores. Trust ratios of one run and CPU a job, nothing else.`
}
