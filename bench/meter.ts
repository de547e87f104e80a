/** What a stretch of work took: wall clock, CPU of this process, CPU of the engine's processes. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface Taken {
  readonly jobs: number
  readonly wallMs: number
  readonly clientMs: number
  /** null: not known. Grains of a clock tick, mostly 10 ms, so only sums over many jobs say anything. */
  readonly serverMs: number | null
}

/** Runs the work, which answers for how many jobs it was. */
export async function taken(pid: number | null, work: () => Promise<number>): Promise<Taken> {
  const server = serverCpuMs(pid)
  const client = process.cpuUsage()
  const begun = performance.now()
  const jobs = await work()
  const wallMs = performance.now() - begun
  const { user, system } = process.cpuUsage(client)
  const after = serverCpuMs(pid)
  return {
    jobs,
    wallMs,
    clientMs: (user + system) / 1000,
    serverMs: server === null || after === null ? null : after - server,
  }
}

/** A long run cut into stretches, one behind the other without a gap. */
export class Stretches {
  readonly all: Taken[] = []
  readonly #pid: number | null
  readonly #jobs: () => number
  #last

  /** `jobs`: how many there are by now. */
  constructor(pid: number | null, jobs: () => number) {
    this.#pid = pid
    this.#jobs = jobs
    this.#last = this.#now()
  }

  /** Ends a stretch and begins the next. */
  cut(): void {
    const [from, to] = [this.#last, this.#now()]
    this.#last = to
    this.all.push({
      jobs: to.jobs - from.jobs,
      wallMs: to.atMs - from.atMs,
      clientMs: to.clientMs - from.clientMs,
      serverMs: from.serverMs === null || to.serverMs === null ? null : to.serverMs - from.serverMs,
    })
  }

  #now() {
    const { user, system } = process.cpuUsage()
    const serverMs = serverCpuMs(this.#pid)
    return { jobs: this.#jobs(), atMs: performance.now(), clientMs: (user + system) / 1000, serverMs }
  }
}

/** CPU of a process and all below it so far; those that ended are in what their parent has waited for. Linux only. */
export function serverCpuMs(root: number | null): number | null {
  if (root === null || process.platform !== 'linux') return null
  const all = new Map<number, Stat>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : null
    if (stat !== null) all.set(Number(name), stat)
  }
  if (!all.has(root)) return null
  let ticks = 0
  for (const [pid, { own, ended }] of all) if (isBelow(all, pid, root)) ticks += own + ended
  return (ticks * 1000) / ticksPerSecond()
}

interface Stat {
  readonly parent: number
  readonly own: number
  readonly ended: number
}

function readStat(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program may hold spaces and parentheses; behind its last one all is numbers.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const number = (at: number): number => Number(fields[at])
    return { parent: number(1), own: number(11) + number(12), ended: number(13) + number(14) }
  } catch {
    return null // It has ended since the folder was read.
  }
}

function isBelow(all: ReadonlyMap<number, Stat>, pid: number, root: number): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 0; at = all.get(at)?.parent)
    if (at === root) return true
  return false
}

let ticks: number | undefined
function ticksPerSecond(): number {
  ticks ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  return ticks
}
